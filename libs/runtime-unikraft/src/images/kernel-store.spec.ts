import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { RuntimeError } from '@oak/runtime';
import fc from 'fast-check';
import { pack } from './tar.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probeKernel } from '../probe/probe-kernel.ts';
import { faultOf } from './check-kernel.ts';
import type { PackageManifest, PackageRegistry } from './kernel-package.ts';
import { choosePackage } from './kernel-package.ts';
import { parseKernelReference } from './kernel-reference.ts';
import { KernelStore, type KernelStoreOptions } from './kernel-store.ts';
import { unpackKernel } from './unpack-kernel.ts';

const never = new AbortController().signal;
const kernel = probeKernel();
const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

type Entry = readonly [headers: Parameters<ReturnType<typeof pack>['entry']>[0], content?: string | Uint8Array];
async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [headers, content] of entries) archive.entry(headers, content ?? '');
  archive.finalize();
  return buffer(archive);
}
const file = (name: string, content: string | Uint8Array = 'x'): Entry => [{ name }, content];

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'oak-kernels-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const noRegistry: PackageRegistry = { open: (reference) => { throw new RuntimeError('temporary', `${reference}: no registry here`); } };

async function store(change: Partial<KernelStoreOptions> = {}): Promise<{ dir: string; store: KernelStore }> {
  const dir = change.dir ?? (await folder());
  const made = new KernelStore({ dir, architecture: 'amd64', registry: noRegistry, localDirs: [], freshMs: 0, ...change });
  onTestFinished(() => made.close());
  return { dir, store: made };
}

interface Serving { readonly url: string; readonly asked: IncomingMessage[]; answer: (request: IncomingMessage, response: ServerResponse) => void }
async function serve(answer: Serving['answer']): Promise<Serving> {
  const server = createServer((request, response) => { serving.asked.push(request); serving.answer(request, response); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => new Promise<void>((resolve) => { server.close(() => { resolve(); }); server.closeAllConnections(); }));
  const serving: Serving = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: [], answer };
  return serving;
}

async function failure(attempt: Promise<unknown>): Promise<RuntimeError> {
  const error: unknown = await attempt.then(() => new Error('no failure'), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(RuntimeError);
  return error as RuntimeError;
}

describe('references', () => {
  const digest = 'a'.repeat(64);
  test.each([
    ['https://example.org/k.tar.gz', { kind: 'url', url: 'https://example.org/k.tar.gz', digest: undefined }],
    [` http://example.org/k?x=1#sha256=${digest.toUpperCase()}`, { kind: 'url', url: 'http://example.org/k?x=1', digest }],
    [`unikraft.org/nginx:1.25@sha256:${digest}`, { kind: 'package', reference: `unikraft.org/nginx:1.25@sha256:${digest}`, digest }],
    ['nginx', { kind: 'package', reference: 'nginx', digest: undefined }],
    ['/srv/kernel', { kind: 'file', path: '/srv/kernel', digest: undefined }],
    ['file:///srv/a%20b', { kind: 'file', path: '/srv/a b', digest: undefined }],
  ])('%s', (text, expected) => { expect(parseKernelReference(text)).toEqual(expected); });

  test.each(['', 'https://', 'ftp://example.org/x', 'https://u:p@example.org/x', 'https://example.org/x#sha1=1', `nginx#sha256=${digest}`, 'nginx@sha256:12', 'file://host/x'])('refuses %j', (text) => {
    expect(() => parseKernelReference(text)).toThrow(RuntimeError);
  });
});

describe('kernels of other machines', () => {
  const header = (machine: number, big = false): Buffer => {
    const bytes = Buffer.alloc(20);
    bytes.write('\x7fELF', 'latin1');
    bytes[5] = big ? 2 : 1;
    if (big) bytes.writeUInt16BE(machine, 18);
    else bytes.writeUInt16LE(machine, 18);
    return bytes;
  };
  test.each([[header(3), undefined], [header(62), undefined], [header(183), /arm64.*amd64/], [header(21, true), /machine 21/], [Buffer.from('MZ'), /no ELF/], [Buffer.alloc(0), /no ELF/]])('%#', (bytes, reason) => {
    if (reason === undefined) expect(faultOf(bytes, 'amd64')).toBeUndefined();
    else expect(faultOf(bytes, 'amd64')).toMatch(reason);
  });
});

describe('archives', () => {
  const limits = { maxBytes: 2 ** 20, maxEntries: 50 };
  async function unpacked(bytes: Uint8Array): Promise<string> {
    const dir = await folder();
    await unpackKernel((async function* () { yield await Promise.resolve(bytes); })(), dir, 'k', limits, never);
    return dir;
  }

  test.each([['files'], ['files1']])('kernel, %s and initramfs, compressed or not', async (name) => {
    const bytes = await tar([{ name: './', type: 'directory' }], file('./kernel', kernel), file(`./${name}/etc/hosts`, 'hosts'), [{ name: `${name}/link`, type: 'symlink', linkname: 'etc/hosts' }], file('initramfs.cpio', 'cpio'), file('README', 'no part'));
    for (const each of [bytes, gzipSync(bytes), zstdCompressSync(bytes)]) {
      const dir = await unpacked(each);
      expect((await readdir(dir)).sort()).toEqual(['files', 'initrd', 'kernel']);
      expect(await readFile(join(dir, 'kernel'))).toEqual(kernel);
      expect(await readFile(join(dir, 'files/etc/hosts'), 'utf8')).toBe('hosts');
      expect(await readlink(join(dir, 'files/link'))).toBe('etc/hosts');
    }
  });

  test('a layer of a package', async () => {
    const dir = await unpacked(await tar(file('/unikraft/bin/kernel', kernel), file('unikraft/bin/initrd', 'cpio')));
    expect((await readdir(dir)).sort()).toEqual(['initrd', 'kernel']);
  });

  test('a kernel alone', async () => {
    expect(await readFile(join(await unpacked(kernel), 'kernel'))).toEqual(kernel);
    expect(await readFile(join(await unpacked(gzipSync(kernel)), 'kernel'))).toEqual(kernel);
  });

  const hostile: [string, () => Promise<Uint8Array>, RegExp][] = [
    ['a path out', () => tar(file('files/../../out')), /outside/],
    ['an absolute link', () => tar([{ name: 'files/l', type: 'symlink', linkname: '/etc' }]), /outside/],
    ['a link out', () => tar([{ name: 'files/a/l', type: 'symlink', linkname: '../../..' }]), /outside/],
    ['a link through a link', () => tar([{ name: 'files/deep/er/l', type: 'symlink', linkname: '../..' }], [{ name: 'files/deep/er/l/x', type: 'symlink', linkname: '../../../../y' }]), /behind a link|outside/],
    ['a kernel that is a link', () => tar([{ name: 'kernel', type: 'symlink', linkname: '/etc/shadow' }]), /symlink/],
    ['a hard link', () => tar([{ name: 'files/shadow', type: 'link', linkname: '/etc/shadow' }]), /link/],
    ['a device', () => tar([{ name: 'files/disk', type: 'block-device' }]), /block-device/],
    ['too many entries', () => tar(...Array.from({ length: 51 }, (_one, index) => file(`files/${index}`))), /51|more than 50/],
    ['a bomb', () => Promise.resolve(gzipSync(Buffer.alloc(2 ** 21))), /more than 1 MiB/],
    ['half a gzip', async () => gzipSync(await tar(file('kernel', kernel))).subarray(0, 200), /damaged/],
    ['a damaged gzip', async () => { const bytes = gzipSync(await tar(file('kernel', kernel))); bytes[bytes.length - 5]! ^= 1; return bytes; }, /damaged/],
    ['half a tar', async () => (await tar(file('kernel', kernel))).subarray(0, 1000), /damaged/],
    ['no archive', () => Promise.resolve(Buffer.from('hello')), /damaged|neither/],
    ['nothing', () => Promise.resolve(Buffer.alloc(0)), /damaged|neither/],
  ];
  test.each(hostile)('%s is refused', async (_what, make, reason) => {
    const error = await failure(unpacked(await make()));
    expect(error.kind).toBe('invalid');
    expect(error.message).toMatch(reason);
  });

  test('whatever bytes come, nothing but a refusal', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
      const dir = await mkdtemp(join(tmpdir(), 'oak-kernels-'));
      try {
        await unpackKernel((async function* () { yield await Promise.resolve(bytes); })(), dir, 'k', limits, never).catch((error: unknown) => { if (!(error instanceof RuntimeError)) throw error; });
      } finally {
        await rm(dir, { recursive: true });
      }
    }), { numRuns: 50 });
  });
});

describe('from URLs', () => {
  const archive = () => tar(file('kernel', kernel)).then((bytes) => gzipSync(bytes));

  test('it is fetched once, asked for again, and serves while its server is away', async () => {
    const bytes = await archive();
    const server = await serve((request, response) => {
      response.setHeader('etag', '"one"');
      if (request.headers['if-none-match'] === '"one"') response.writeHead(304).end();
      else response.end(bytes);
    });
    const { store: kernels, dir } = await store();
    const first = await kernels.ensure(`${server.url}/k.tar.gz`, never);
    expect(await readFile(first.kernelPath)).toEqual(kernel);
    expect(((await stat(first.kernelPath)).mode & 0o444)).toBe(0o444);
    expect(await kernels.ensure(`${server.url}/k.tar.gz`, never)).toEqual(first);
    expect(server.asked).toHaveLength(2);
    server.answer = (_request, response) => { response.destroy(); };
    expect(await kernels.ensure(`${server.url}/k.tar.gz`, never)).toEqual(first);
    expect(await readdir(join(dir, 'downloads'))).toEqual([]);
    server.answer = (_request, response) => { response.writeHead(404).end(); };
    expect((await failure(kernels.ensure(`${server.url}/k.tar.gz`, never))).message).toContain('404');
  });

  test('a pin is believed without asking, and a wrong one is refused', async () => {
    const bytes = await archive();
    const server = await serve((_request, response) => { response.end(bytes); });
    const { store: kernels } = await store();
    const pinned = `${server.url}/k#sha256=${hex(bytes)}`;
    await kernels.ensure(pinned, never);
    await kernels.ensure(pinned, never);
    expect(server.asked).toHaveLength(1);
    const error = await failure(kernels.ensure(`${server.url}/k#sha256=${'0'.repeat(64)}`, never));
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringContaining(hex(bytes)) as string });
  });

  test('what breaks off goes on where it broke', async () => {
    const bytes = await archive();
    const server = await serve((request, response) => {
      response.setHeader('etag', '"one"');
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from > 0) response.writeHead(206, { 'content-length': bytes.length - from }).end(bytes.subarray(from));
      else response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100), () => setTimeout(() => response.destroy(), 20));
    });
    const { store: kernels } = await store();
    await kernels.ensure(`${server.url}/k`, never);
    expect(server.asked.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([[undefined, undefined], ['bytes=100-', '"one"']]);
  });

  test('credentials go to their host and to no other', async () => {
    const bytes = await archive();
    const other = await serve((_request, response) => { response.end(bytes); });
    const server = await serve((request, response) => { response.writeHead(request.headers.authorization === 'Basic abc' ? 302 : 401, { location: `${other.url}/real` }).end(); });
    const { store: kernels } = await store({ authorize: ({ host }) => (server.url.endsWith(host) ? 'Basic abc' : undefined) });
    await kernels.ensure(`${server.url}/k`, never);
    expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test.each<[string, Serving['answer'], RegExp, RuntimeError['kind']]>([
    ['404', (_request, response) => { response.writeHead(404).end(); }, /404/, 'invalid'],
    ['503', (_request, response) => { response.writeHead(503).end(); }, /503/, 'temporary'],
    ['a circle', (_request, response) => { response.writeHead(302, { location: '/again' }).end(); }, /redirects/, 'invalid'],
    ['a kernel for another machine', (_request, response) => { const wrong = Buffer.from(kernel); wrong.writeUInt16LE(183, 18); response.end(wrong); }, /arm64/, 'invalid'],
    ['an archive without a kernel', (_request, response) => { void tar(file('files/x')).then((bytes) => response.end(bytes)); }, /no file "kernel"/, 'invalid'],
    ['too much', (_request, response) => { response.end(Buffer.alloc(2 ** 16)); }, /more than/, 'invalid'],
  ])('%s is said, and nothing stays', async (_what, answer, reason, kind) => {
    const server = await serve(answer);
    const { store: kernels, dir } = await store({ maxKernelBytes: 2 ** 15 });
    const error = await failure(kernels.ensure(`${server.url}/k`, never));
    expect(error.message).toMatch(reason);
    expect(error.kind).toBe(kind);
    expect([await readdir(join(dir, 'kernels')), await readdir(join(dir, 'drafts'))]).toEqual([[], []]);
  });

  test('nobody there is temporary', async () => {
    const { store: kernels } = await store();
    expect(await failure(kernels.ensure('http://127.0.0.1:1/k', never))).toMatchObject({ kind: 'temporary', message: expect.stringContaining('ECONNREFUSED') as string });
  });

  test('who leaves hears why', async () => {
    const server = await serve(() => undefined);
    const { store: kernels } = await store();
    const leaving = new AbortController();
    const waiting = kernels.ensure(`${server.url}/k`, leaving.signal);
    await expect.poll(() => server.asked.length).toBe(1);
    leaving.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('from files', () => {
  test('only from the folders that the node allows, wherever links lead', async () => {
    const [dir, outside] = [await folder(), await folder()];
    await writeFile(join(dir, 'kernel'), kernel);
    await writeFile(join(outside, 'kernel'), kernel);
    await symlink(join(outside, 'kernel'), join(dir, 'link'));
    const { store: kernels } = await store({ localDirs: [dir] });
    expect(await readFile((await kernels.ensure(join(dir, 'kernel'), never)).kernelPath)).toEqual(kernel);
    for (const path of [join(dir, 'link'), join(outside, 'kernel'), `${dir}/../${outside.split('/').at(-1)}/kernel`]) expect(await failure(kernels.ensure(path, never))).toMatchObject({ kind: 'rejected' });
    expect(await failure(kernels.ensure(join(dir, 'none'), never))).toMatchObject({ kind: 'invalid' });
    expect(await failure((await store()).store.ensure(join(dir, 'kernel'), never))).toMatchObject({ kind: 'rejected', message: expect.stringContaining('local_dirs') as string });
  });
});

describe('from registries', () => {
  function registry(layers: readonly Buffer[]): { asked: string[]; registry: PackageRegistry; damage: () => void } {
    const descriptor = (bytes: Buffer) => ({ mediaType: 'layer', digest: `sha256:${hex(bytes)}`, size: bytes.length });
    const manifest: PackageManifest = { kind: 'manifest', digest: `sha256:${'1'.repeat(64)}`, config: descriptor(Buffer.from('config')), layers: layers.map(descriptor) };
    const index: PackageManifest = { kind: 'index', digest: `sha256:${'2'.repeat(64)}`, manifests: [{ ...descriptor(Buffer.from('m')), digest: manifest.digest, platform: { os: 'qemu', architecture: 'x86_64' } }] };
    const asked: string[] = [];
    let damaged = false;
    return {
      asked, damage: () => { damaged = true; },
      registry: {
        open: () => ({
          tagOrDigest: 'latest',
          manifest: (name) => { asked.push(name); return Promise.resolve(name === 'latest' ? index : manifest); },
          config: () => Promise.resolve({ entrypoint: [], cmd: ['serve', 'now'], env: ['A=1'], workdir: '/srv' }),
          blob: async function* ({ digest }) { yield await Promise.resolve(damaged ? Buffer.from('x') : (layers.find((bytes) => digest.endsWith(hex(bytes))) ?? Buffer.alloc(0))); },
        }),
      },
    };
  }

  test('the package for this machine, with its command and environment', async () => {
    const { registry: source } = registry([await tar(file('unikraft/bin/kernel', kernel)), gzipSync(await tar(file('unikraft/bin/initrd', 'cpio')))]);
    const { store: kernels } = await store({ registry: source });
    const found = await kernels.ensure('unikraft.org/app', never);
    expect(found).toMatchObject({ command: ['serve', 'now'], environment: ['A=1', 'PWD=/srv'] });
    expect(await readFile(found.initrdPath ?? '', 'utf8')).toBe('cpio');
  });

  test('a layer that is not what was promised is refused', async () => {
    const { registry: source, damage } = registry([await tar(file('unikraft/bin/kernel', kernel))]);
    damage();
    expect(await failure((await store({ registry: source })).store.ensure('app', never))).toMatchObject({ kind: 'invalid' });
  });

  test('an index without this machine says what it has', () => {
    const entry = (os: string, architecture: string) => ({ mediaType: 'm', digest: `sha256:${'0'.repeat(64)}`, size: 1, platform: { os, architecture } });
    expect(choosePackage([entry('kvm', 'amd64'), entry('qemu', 'arm64'), entry('qemu', 'x86_64')], 'amd64', 'app').platform).toEqual({ os: 'qemu', architecture: 'x86_64' });
    expect(() => choosePackage([entry('xen', 'x86_64')], 'amd64', 'app')).toThrow(/app.*xen\/x86_64/);
  });
});

test('what is not used lately goes when there is too much', async () => {
  const bytes = (name: string): Buffer => Buffer.concat([kernel, Buffer.alloc(100_000), Buffer.from(name)]);
  const server = await serve((request, response) => { response.end(bytes(request.url ?? '')); });
  const { store: kernels, dir } = await store({ maxCacheBytes: 150_000 });
  const first = await kernels.ensure(`${server.url}/1`, never);
  await kernels.ensure(`${server.url}/2`, never);
  // Both were used a moment ago.
  expect(await readdir(join(dir, 'kernels'))).toHaveLength(2);
  await utimes(join(first.kernelPath, '..'), new Date(0), new Date(0));
  await kernels.ensure(`${server.url}/3`, never);
  expect(await readdir(join(dir, 'kernels'))).toHaveLength(2);
  expect(await stat(first.kernelPath).catch(() => undefined)).toBeUndefined();
});
