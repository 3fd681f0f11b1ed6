import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ContainerdClient } from '../client/containerd-client.ts';
import { ContentDefinition } from '../gen/content.ts';
import { ImagesDefinition } from '../gen/images.ts';
import { LeasesDefinition } from '../gen/leases.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { sha256 } from '../registry/manifest.ts';
import { platformOf, platformText } from '../registry/platform.ts';
import { startContainerd, type PrivateContainerd } from '../testing/private-containerd.ts';
import { buildTestImage, type TestImage, type TestImageOptions } from '../testing/test-image.ts';
import { TestRegistry } from '../testing/test-registry.ts';
import { ImageStore, type ImageStoreOptions } from './image-store.ts';
import { dropStartLease, takeStartLease } from '../lifecycle/start-lease.ts';
import { pullLabels } from './lease.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const here = platformOf(process.arch);
const retry = { attempts: 3, firstPauseMs: 1, longestPauseMs: 20, silenceMs: 60_000, random: () => 0.5 };
const never = new AbortController().signal;
let busybox: TestImage;
beforeAll(async () => {
  busybox = await buildTestImage({ config: { Entrypoint: ['/bin/sh'], Cmd: ['-c', 'true'], Env: ['A=b'], User: 'app', WorkingDir: '/tmp', Volumes: { '/v': {} }, StopSignal: 'SIGINT' } });
});

async function listed(client: ContainerdClient) {
  const content: string[] = [];
  for await (const { info } of client.stream(ContentDefinition, 'list', {})) content.push(...info.map(({ digest }) => digest));
  const snapshots: string[] = [];
  for await (const { info } of client.stream(SnapshotsDefinition, 'list', { snapshotter: 'overlayfs' })) snapshots.push(...info.map(({ name }) => name));
  const { statuses } = await client.call(ContentDefinition, 'listStatuses', {});
  const { leases } = await client.call(LeasesDefinition, 'list', {});
  const { images } = await client.call(ImagesDefinition, 'list', {});
  return { content, snapshots, ingests: statuses.map(({ ref }) => ref), leases: leases.map(({ id }) => id), images: images.map(({ name }) => name) };
}

/** About a megabyte that no earlier test brought: containerd shares content between namespaces, and would not download it again. */
const fresh = () => buildTestImage({ layers: [{ big: randomBytes(1_000_000).toString('hex') }] });

/** Any delete makes containerd collect what nothing holds; a synchronous one waits for it. */
async function collectGarbage(client: ContainerdClient): Promise<void> {
  await client.call(LeasesDefinition, 'create', { id: 'garbage' });
  await client.call(LeasesDefinition, 'delete', { id: 'garbage', sync: true });
}

const nothing = { content: [], snapshots: [], ingests: [], leases: [], images: [] };

describe.each(['1.6', '2.3'] as const)('containerd %s', (version) => {
  let dir: string;
  let containerd: PrivateContainerd;
  let root: ContainerdClient;
  let namespaces = 0;
  let client: ContainerdClient;
  let registry: TestRegistry;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'oak-images-'));
    containerd = await startContainerd({ version, dir });
    root = ContainerdClient.connect({ socket: containerd.socket, namespace: 'oak' });
  });
  afterAll(async () => {
    root?.close();
    await containerd?.stop();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    client = root.inNamespace(`oak-${++namespaces}`);
    registry = await TestRegistry.start();
    return () => registry.close();
  });

  const storeOf = (options: Partial<ImageStoreOptions> = {}) => {
    const store = new ImageStore({ client, registries: {}, registryOptions: { retry }, ...options });
    onTestFinished(() => store.close());
    return store;
  };
  const push = async (options: TestImageOptions = {}) => registry.push('team/app', '1', await buildTestImage(options));

  test('pulls, verifies, unpacks; a second call asks nobody; garbage collection leaves the image alone', async () => {
    const { reference, digest } = registry.push('team/app', '1', busybox);
    const image = await storeOf().ensure(reference, here, never);
    const size = (busybox.layers[0]?.bytes.length ?? 0) + busybox.config.bytes.length;
    expect(image).toEqual({
      name: reference, digest, chainId: busybox.diffIds[0], size,
      config: { entrypoint: ['/bin/sh'], cmd: ['-c', 'true'], env: ['A=b'], user: 'app', workdir: '/tmp', volumes: ['/v'], stopSignal: 'SIGINT' },
    });
    await collectGarbage(client);
    const asked = registry.requests.length;
    await registry.close();
    expect(await storeOf().ensure(reference, here, never)).toEqual(image);
    expect(registry.requests.length).toBe(asked);
    expect(await listed(client)).toMatchObject({ ingests: [], leases: [], images: [reference], snapshots: [image.chainId] });
    await storeOf().remove(reference);
    await collectGarbage(client);
    expect(await listed(client)).toEqual(nothing);
  });

  test.each([
    ['docker with gzip', { format: 'docker' }], ['OCI with zstd', { compression: 'zstd' }], ['without media type', { omitMediaType: true }], ['uncompressed', { compression: 'none' }],
  ] as const)('%s', async (_name, options) => {
    const { reference } = await push({ ...options, layers: [{ 'a': '1', 'd/b': '2' }, { '.wh.a': '', 'c': '3' }] });
    const { chainId } = await storeOf().ensure(reference, here, never);
    const { mounts } = await client.call(SnapshotsDefinition, 'view', { snapshotter: 'overlayfs', key: 'look', parent: chainId });
    expect(mounts[0]?.options.join()).toContain('lowerdir=');
  });

  test('an index: the platform of this machine is chosen, or the error says what there is', async () => {
    const [fitting, foreign] = [await buildTestImage({ layers: [{ a: 'x' }] }), await buildTestImage({ layers: [{ b: 'y' }], platform: { architecture: 'riscv64' } })];
    const { reference } = registry.push('team/app', '1', [foreign, fitting]);
    expect((await storeOf().ensure(reference, here, never)).digest).toBe(fitting.manifest.digest);
    await collectGarbage(client);
    expect((await storeOf().ensure(reference, here, never)).digest).toBe(fitting.manifest.digest);
    const other = registry.push('team/other', '1', [foreign]);
    await expect(storeOf().ensure(other.reference, here, never)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(/no linux\/\w+ in this index, it has: linux\/riscv64/) as string });
    const alone = registry.push('team/alone', '1', foreign);
    await expect(storeOf().ensure(alone.reference, here, never)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(/is for linux\/riscv64, this node runs/) as string });
  });

  test('a digest is exact', async () => {
    const { digest } = registry.push('team/app', '1', busybox);
    const name = `${registry.host}/team/app@${digest}`;
    expect(await storeOf().ensure(name, here, never)).toMatchObject({ name, digest });
    const absent = `${registry.host}/team/app@sha256:${'0'.repeat(64)}`;
    await expect(storeOf().ensure(absent, here, never)).rejects.toMatchObject({ kind: 'invalid' });
  });

  test('many callers share one pull; one of them leaving does not disturb the others', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    registry.faults.slowMs = 1;
    const store = storeOf();
    const leaving = new AbortController();
    const reason = new Error('no longer wanted');
    const left = store.ensure(reference, here, leaving.signal);
    const calls = Array.from({ length: 20 }, () => store.ensure(reference, here, never));
    await vi.waitFor(() => expect(registry.count(/blobs/)).toBeGreaterThan(0));
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(new Set((await Promise.all(calls)).map(({ chainId }) => chainId)).size).toBe(1);
    expect(registry.count(/manifests/)).toBe(1);
    expect(registry.count(/blobs/)).toBe(2);
  });

  test('when the last caller leaves, the pull ends and leaves nothing', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    registry.faults.slowMs = 20;
    const leaving = new AbortController();
    const reason = new Error('no longer wanted');
    const left = storeOf().ensure(reference, here, leaving.signal);
    await vi.waitFor(() => expect(registry.count(/blobs/)).toBeGreaterThan(1));
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    await vi.waitFor(async () => {
      await collectGarbage(client);
      expect(await listed(client)).toEqual(nothing);
    }, 10_000);
  });

  test('a registry that breaks off for good is temporary; the next try goes on where it was, and leaves nothing behind', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    registry.faults.drop = { afterBytes: 700_000, times: 1, then: { status: 503, times: 99, path: /blobs/ } };
    const size = image.layers[0]?.bytes.length ?? 0;
    expect(size).toBeGreaterThan(700_000);
    await expect(storeOf().ensure(reference, here, never)).rejects.toMatchObject({ kind: 'temporary', message: expect.stringMatching(/HTTP 503/) as string });
    await collectGarbage(client);
    expect((await listed(client)).leases).toHaveLength(1);
    registry.heal();
    registry.requests.length = 0;
    await storeOf().ensure(reference, here, never);
    expect(registry.requests.map(({ headers }) => headers.range).filter((range) => range !== undefined)).toHaveLength(1);
    await collectGarbage(client);
    expect(await listed(client)).toMatchObject({ leases: [], ingests: [], snapshots: [image.diffIds[0]] });
  });

  test('wrong bytes are fetched once more, then refused with both digests, and nothing stays', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    const path = new RegExp(`blobs/${image.layers[0]?.digest}`);
    registry.faults.damage = { path, times: 1 };
    await storeOf().ensure(reference, here, never);
    const other = await push({ layers: [{ big: 'x'.repeat(100_000) }] });
    registry.faults.damage = { path: /blobs/, times: 99 };
    await expect(storeOf().ensure(`${registry.host}/team/app@${other.digest}`, here, never)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(/sha256:[0-9a-f]{64}.*sha256:[0-9a-f]{64}/) as string });
    await storeOf().remove(reference);
    await collectGarbage(client);
    expect(await listed(client)).toEqual(nothing);
  });

  test('a layer that unpacks to something else than the configuration says is refused, and its extract goes', async () => {
    const [good, other] = [await buildTestImage({ layers: [{ a: '1' }] }), await buildTestImage({ layers: [{ a: '2' }] })];
    const bytes = Buffer.from(good.manifest.bytes.toString().replace(good.config.digest, other.config.digest).replace(/"size":\d+/, `"size":${other.config.bytes.length}`));
    registry.push('team/app', 'other', other);
    registry.push('team/app', 'good', good);
    const { reference } = registry.pushManifest('team/app', 'mixed', { ...good.manifest, bytes, digest: sha256(bytes) });
    await expect(storeOf().ensure(reference, here, never)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(/unpacks to sha256/) as string });
    await collectGarbage(client);
    expect(await listed(client)).toEqual(nothing);
  });

  test('containerd killed in the middle of a pull: temporary; the next try goes on, and leaves nothing behind', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    registry.faults.slowMs = 10;
    const store = storeOf();
    const pulling = store.ensure(reference, here, never);
    pulling.catch(() => undefined);
    await vi.waitFor(async () => expect((await client.call(ContentDefinition, 'listStatuses', {})).statuses[0]?.offset).toBeGreaterThan(0n), 10_000);
    await containerd.kill();
    await expect(pulling).rejects.toMatchObject({ kind: 'temporary' });
    await containerd.start();
    registry.heal();
    registry.requests.length = 0;
    await vi.waitFor(() => store.ensure(reference, here, never), 10_000);
    expect(registry.requests.filter(({ path }) => path.includes(image.layers[0]?.digest ?? '?')).map(({ headers }) => headers.range)).toEqual([expect.stringMatching(/^bytes=\d+-$/)]);
    await collectGarbage(client);
    expect(await listed(client)).toMatchObject({ leases: [], ingests: [], snapshots: [image.diffIds[0]] });
  });

  test('limits', async () => {
    const { reference } = await push({ layers: [{ a: '1' }, { b: '2' }] });
    await expect(storeOf({ limits: { maxLayers: 1, maxBytes: 1e9 } }).ensure(reference, here, never)).rejects.toThrow(/2 layers, at most 1/);
    await expect(storeOf({ limits: { maxLayers: 9, maxBytes: 10 } }).ensure(reference, here, never)).rejects.toThrow(/bytes, at most 10/);
  });

  test('what was pulled for one name serves another one, and what lost its snapshot is unpacked again without a registry', async () => {
    const image = await fresh();
    const { reference } = registry.push('team/app', '1', image);
    const { reference: second } = registry.push('team/copy', '1', image);
    const store = storeOf();
    const { chainId } = await store.ensure(reference, here, never);
    await store.ensure(second, here, never);
    expect(registry.count(/blobs/)).toBe(2);
    await client.call(SnapshotsDefinition, 'remove', { snapshotter: 'overlayfs', key: chainId });
    await registry.close();
    expect((await store.ensure(reference, here, never)).chainId).toBe(chainId);
    expect((await listed(client)).snapshots).toEqual([chainId]);
  });

  test('the lease of a pull whose process was killed at the very end goes when the image is asked for again', async () => {
    const { reference } = await push();
    await storeOf().ensure(reference, here, never);
    await client.call(LeasesDefinition, 'create', { id: 'left', labels: pullLabels(`${reference} ${platformText(here)}`) });
    await client.call(LeasesDefinition, 'create', { id: 'of-another', labels: pullLabels('another') });
    await storeOf().ensure(reference, here, never);
    expect((await listed(client)).leases).toEqual(['of-another']);
  });

  test('a lease keeps a fresh snapshot from garbage collection, and ends with its use', async () => {
    const leased = await takeStartLease(client, 'one');
    await leased.call(SnapshotsDefinition, 'prepare', { snapshotter: 'overlayfs', key: 'fresh' });
    await collectGarbage(client);
    expect((await listed(client)).snapshots).toEqual(['fresh']);
    await dropStartLease(client, 'one');
    await collectGarbage(client);
    expect(await listed(client)).toEqual(nothing);
  });
});

test('a full disk is temporary, says so, and gets its space back', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'oak-full-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'root'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', join(dir, 'root')]);
  onTestFinished(() => void execFileSync('umount', [join(dir, 'root')]));
  const containerd = await startContainerd({ version: '1.6', dir });
  onTestFinished(() => containerd.stop());
  const registry = await TestRegistry.start();
  onTestFinished(() => registry.close());
  const client = ContainerdClient.connect({ socket: containerd.socket, namespace: 'oak' });
  onTestFinished(() => client.close());
  const store = new ImageStore({ client, registries: {}, registryOptions: { retry } });
  onTestFinished(() => store.close());
  const large = await buildTestImage({ layers: [{ big: randomBytes(8_000_000).toString('base64') }] });
  const { reference } = registry.push('team/large', '1', large);
  await expect(store.ensure(reference, here, never)).rejects.toMatchObject({ kind: 'temporary', message: expect.stringMatching(/disk is full/) as string });
  await collectGarbage(client);
  expect(await listed(client)).toEqual(nothing);
  const small = registry.push('team/small', '1', await buildTestImage({ layers: [{ a: '1' }] }));
  // containerd removes the files behind the collected download a moment later.
  await vi.waitFor(() => store.ensure(small.reference, here, never), 10_000);
});
