import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildTestImage, jsonBlob, type TestImage } from '../testing/test-image.ts';
import { TestRegistry } from '../testing/test-registry.ts';
import { parseImageReference } from './image-reference.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';
import type { RegistryConfigs } from './registry-config.ts';

const quick = { attempts: 4, firstPauseMs: 1, longestPauseMs: 50, silenceMs: 60_000, random: () => 0.5 };
let image: TestImage;
beforeAll(async () => {
  image = await buildTestImage();
});

async function registry() {
  const server = await TestRegistry.start();
  onTestFinished(() => server.close());
  return { server, ...server.push('team/app', '1', image) };
}

function repositoryOf(reference: string, registries: RegistryConfigs = {}, options: RegistryClientOptions = {}) {
  const client = new RegistryClient({ registries, retry: quick, ...options });
  onTestFinished(() => client.close());
  return client.repository(parseImageReference(reference));
}

const layer = () => {
  const [{ digest, mediaType, bytes } = { digest: '', mediaType: '', bytes: Buffer.alloc(0) }] = image.layers;
  return { digest, mediaType, size: bytes.length };
};

async function digestOfBlob(blob: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of blob) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

test('a manifest by tag, by digest, and a blob', async () => {
  const { server, reference, digest } = await registry();
  const repository = repositoryOf(reference);
  expect(await repository.manifest('1')).toMatchObject({ digest, mediaType: image.manifest.mediaType, bytes: image.manifest.bytes });
  expect((await repository.manifest(digest)).digest).toBe(digest);
  expect(await digestOfBlob(repository.blob(layer(), 0))).toBe(layer().digest);
  expect(server.requests[0]?.headers.accept).toContain('application/vnd.oci.image.index.v1+json');
});

test('what does not exist is invalid, and says where and what the registry said', async () => {
  const { server } = await registry();
  await expect(repositoryOf(`${server.host}/team/app:2`).manifest('2')).rejects.toMatchObject({
    kind: 'invalid', status: 404, message: `registry ${server.host}, image ${server.host}/team/app:2: HTTP 404 for manifest 2: no such image or tag (it says: MANIFEST_UNKNOWN: unknown to the test registry)`,
  });
});

test('no media type in the manifest and a vague header: its fields decide; an old or foreign kind is refused', async () => {
  const { server } = await registry();
  const bare = await buildTestImage({ omitMediaType: true });
  const plain = (bytes: Buffer, mediaType: string, tag: string) => server.pushManifest('team/app', tag, { bytes, mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` });
  plain(bare.manifest.bytes, 'application/json', 'bare');
  plain(Buffer.from('{"schemaVersion":1,"fsLayers":[]}'), 'application/vnd.docker.distribution.manifest.v1+prettyjws', 'old');
  plain(Buffer.from('<html>'), 'text/html', 'page');
  const repository = repositoryOf(`${server.host}/team/app:bare`);
  expect((await repository.manifest('bare')).mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
  await expect(repository.manifest('old')).rejects.toThrow(/v1\+prettyjws, which is no OCI or Docker v2 image/);
  await expect(repository.manifest('page')).rejects.toThrow(/manifest is no JSON/);
});

test('a manifest that is too large is refused', async () => {
  const { server } = await registry();
  server.pushManifest('team/app', 'huge', jsonBlob('application/vnd.oci.image.index.v1+json', { schemaVersion: 2, padding: 'x'.repeat(5 << 20), manifests: [] }));
  await expect(repositoryOf(`${server.host}/team/app:huge`).manifest('huge')).rejects.toThrow(/more than 4194304 bytes/);
});

test('a damaged manifest is refused with both digests', async () => {
  const { server, reference, digest } = await registry();
  server.faults.damage = { path: /manifests/, times: 9 };
  await expect(repositoryOf(reference).manifest('1')).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(`expected ${digest}, got sha256:[0-9a-f]{64}`) as string });
});

test('the token flow, with and without credentials, once per repository, again after it expired', async () => {
  const { server, reference } = await registry();
  server.faults.bearer = {};
  let nowMs = 0;
  const anonymous = repositoryOf(reference, {}, { nowMs: () => nowMs });
  await anonymous.manifest('1');
  await digestOfBlob(anonymous.blob(layer(), 0));
  expect(server.count(/^\/token/)).toBe(1);
  expect(server.requests.find(({ path }) => path.startsWith('/token'))?.path).toBe('/token?service=test&scope=repository%3Ateam%2Fapp%3Apull');
  nowMs = 295_000;
  await anonymous.manifest('1');
  expect(server.count(/^\/token/)).toBe(2);
  server.faults.bearer = { username: 'me', password: 'secret' };
  await expect(repositoryOf(reference).manifest('1')).rejects.toMatchObject({ kind: 'invalid', status: 401, message: expect.stringMatching(/username and password/) as string });
  await repositoryOf(reference, { [server.host]: { username: 'me', password: 'secret' } }).manifest('1');
});

test('a token realm that would carry credentials in the clear to another host is refused', async () => {
  const { server, reference } = await registry();
  server.faults.bearer = { realm: 'http://localhost:1/token' };
  await expect(repositoryOf(reference, { [server.host]: { username: 'me', password: 'secret' } }).manifest('1')).rejects.toThrow(/token from http:\/\/localhost:1, which is not safe/);
});

test('basic authentication', async () => {
  const { server, reference } = await registry();
  server.faults.basic = { username: 'me', password: 'sécret' };
  await repositoryOf(reference, { [server.host]: { username: 'me', password: 'sécret' } }).manifest('1');
  await expect(repositoryOf(reference).manifest('1')).rejects.toMatchObject({ status: 401 });
  await expect(repositoryOf(reference, { [server.host]: { username: 'me', password: 'wrong' } }).manifest('1')).rejects.toMatchObject({ status: 401 });
});

test('credentials stay with the registry when it redirects to a storage', async () => {
  const { server, reference } = await registry();
  const storage = (await registry()).server;
  server.faults.basic = { username: 'me', password: 'secret' };
  server.faults.redirectBlobs = `http://${storage.host}`;
  const repository = repositoryOf(reference, { [server.host]: { username: 'me', password: 'secret' } });
  expect(await digestOfBlob(repository.blob(layer(), 0))).toBe(layer().digest);
  expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('a redirect that turns in a circle ends', async () => {
  const { server, reference } = await registry();
  server.faults.redirectBlobs = `http://${server.host}`;
  await expect(digestOfBlob(repositoryOf(reference).blob(layer(), 0))).rejects.toThrow(/more than 5 redirects/);
});

test.each([500, 502, 503, 429])('HTTP %i is tried again', async (status) => {
  const { server, reference, digest } = await registry();
  server.faults.refuse = { status, times: 3 };
  expect((await repositoryOf(reference).manifest('1')).digest).toBe(digest);
  expect(server.count(/manifests/)).toBe(4);
  server.faults.refuse = { status, times: 99 };
  await expect(repositoryOf(reference).manifest('1')).rejects.toMatchObject({ kind: 'temporary', status });
});

test('who stays silent too long is not asked again at once; who answers that he is in trouble is', async () => {
  const { server, reference } = await registry();
  const impatient = { timeouts: { headersMs: 50 }, retry: { ...quick, silenceMs: 20 } };
  server.faults.hang = true;
  await expect(repositoryOf(reference, {}, impatient).manifest('1')).rejects.toMatchObject({ kind: 'temporary', status: undefined });
  expect(server.count(/manifests/)).toBe(1);
  server.heal();
  server.faults.refuse = { status: 503, times: 3 };
  await repositoryOf(reference, {}, { retry: { ...quick, silenceMs: 0 } }).manifest('1');
  expect(server.count(/manifests/)).toBe(5);
});

test('a mirror that has no such image and an origin that nobody reaches: both are said', async () => {
  const [mirror, origin] = [await registry(), await registry()];
  await origin.server.close();
  const repository = repositoryOf(`${origin.server.host}/team/absent:1`, { [origin.server.host]: { mirrors: [mirror.server.host] } });
  await expect(repository.manifest('1')).rejects.toMatchObject({ kind: 'temporary', message: expect.stringMatching(/ECONNREFUSED.*nothing listens there.*its mirrors: .*HTTP 404 for manifest 1: no such image or tag/) as string });
});

test('a broken blob is resumed where it broke; a server without ranges sends it again; no progress is an end', async () => {
  const { server, reference } = await registry();
  server.faults.drop = { afterBytes: 100_000, times: 3 };
  expect(await digestOfBlob(repositoryOf(reference).blob(layer(), 0))).toBe(layer().digest);
  expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-', 'bytes=300000-']);
  server.faults.noRanges = true;
  server.faults.drop = { afterBytes: 100_000, times: 1 };
  expect(await digestOfBlob(repositoryOf(reference).blob(layer(), 0))).toBe(layer().digest);
  server.faults.drop = { afterBytes: 0, times: 99 };
  await expect(digestOfBlob(repositoryOf(reference).blob(layer(), 0))).rejects.toMatchObject({ kind: 'temporary' });
});

test('a blob continues from an offset', async () => {
  const { reference } = await registry();
  const chunks: Buffer[] = [];
  for await (const chunk of repositoryOf(reference).blob(layer(), 1000)) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(image.layers[0]?.bytes.subarray(1000) ?? Buffer.alloc(0))).toBe(true);
});

test('a blob that is longer than promised is refused', async () => {
  const { reference } = await registry();
  await expect(digestOfBlob(repositoryOf(reference).blob({ ...layer(), size: 1000 }, 0))).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(/longer than the 1000 bytes/) as string });
});

test('mirrors first, in order; what fails there comes from the next, and is not asked first again', async () => {
  const [first, second, origin] = [await registry(), await registry(), await registry()];
  first.server.faults.refuse = { status: 500, times: 99 };
  const registries = { [origin.server.host]: { mirrors: [first.server.host, `http://${second.server.host}/`] } };
  const repository = repositoryOf(origin.reference, registries);
  await repository.manifest('1');
  expect(await digestOfBlob(repository.blob(layer(), 0))).toBe(layer().digest);
  expect([first, second, origin].map(({ server }) => server.requests.length)).toEqual([1, 2, 0]);
  expect(second.server.requests[0]?.path).toBe(`/v2/team/app/manifests/1?ns=${encodeURIComponent(origin.server.host)}`);
  second.server.faults.refuse = { status: 404, times: 99 };
  await repository.manifest('1');
  expect(origin.server.requests.length).toBe(1);
});

test("a mirror never sees the origin's credentials; the last word is the origin's", async () => {
  const [mirror, origin] = [await registry(), await registry()];
  const credentials = { username: 'me', password: 'secret' };
  mirror.server.faults.basic = credentials;
  origin.server.faults.refuse = { status: 404, times: 99 };
  const repository = repositoryOf(origin.reference, { [origin.server.host]: { ...credentials, mirrors: [mirror.server.host] } });
  await expect(repository.manifest('1')).rejects.toMatchObject({ kind: 'invalid', status: 404, message: expect.stringMatching(/its mirrors: registry 127.*HTTP 401/) as string });
  expect(mirror.server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('silence, refusal to connect and TLS to a plain port are temporary, with a remedy', async () => {
  const { server, reference } = await registry();
  server.faults.hang = true;
  const impatient = { timeouts: { connectMs: 500, headersMs: 100, bodyMs: 100 }, retry: { ...quick, attempts: 1 } };
  await expect(repositoryOf(reference, {}, impatient).manifest('1')).rejects.toMatchObject({ kind: 'temporary', message: expect.stringMatching(/no answer for manifest 1/) as string });
  await expect(repositoryOf(reference, { [server.host]: { plainHttp: false } }, impatient).manifest('1')).rejects.toThrow(/plainHttp/);
  const port = createServer().listen(0, '127.0.0.1');
  await once(port, 'listening');
  const { port: number } = port.address() as { port: number };
  await new Promise((resolve) => port.close(resolve));
  await expect(repositoryOf(`127.0.0.1:${number}/a`, {}, impatient).manifest('latest')).rejects.toThrow(/nothing listens there/);
});

test('TLS: trusted by its caFile only; a missing file is said', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'oak-tls-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = await TestRegistry.start({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') });
  onTestFinished(() => server.close());
  const { reference, digest } = server.push('team/app', '1', image);
  const through = (caFile?: string) => repositoryOf(reference, { [server.host]: { plainHttp: false, ...(caFile && { caFile }) } }).manifest('1');
  expect((await through(cert)).digest).toBe(digest);
  await expect(through()).rejects.toMatchObject({ kind: 'temporary', message: expect.stringMatching(/SELF_SIGNED.*set caFile/) as string });
  await expect(through(join(dir, 'absent.pem'))).rejects.toThrow(/absent\.pem: ENOENT/);
});

test('an aborted download rejects with the reason', async () => {
  const { server, reference } = await registry();
  server.faults.slowMs = 20;
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const reading = digestOfBlob(repositoryOf(reference).blob(layer(), 0, controller.signal));
  await expect.poll(() => server.count(/blobs/)).toBe(1);
  controller.abort(reason);
  await expect(reading).rejects.toBe(reason);
});
