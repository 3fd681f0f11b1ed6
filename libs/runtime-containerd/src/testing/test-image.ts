import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';

const run = promisify(execFile);

/** Path in the layer -> content. A path that ends with a slash is a folder, `{ link }` a symbolic link. `.wh.name` deletes `name` of lower layers. */
export type LayerFiles = Readonly<Record<string, string | { readonly link: string } | { readonly copyOf: string }>>;

export interface TestImageOptions {
  /** Lowest first. Default: one layer with a static busybox. */
  readonly layers?: readonly LayerFiles[];
  readonly compression?: 'gzip' | 'zstd' | 'none';
  readonly format?: 'oci' | 'docker';
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
  /** As in an OCI image configuration: Entrypoint, Cmd, Env, User, WorkingDir... */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Leave `mediaType` out of the manifest, as umoci does. */
  readonly omitMediaType?: boolean;
}

export interface TestBlob {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface TestImage {
  readonly manifest: TestBlob;
  readonly config: TestBlob;
  readonly layers: readonly TestBlob[];
  readonly diffIds: readonly string[];
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const blobOf = (mediaType: string, bytes: Buffer): TestBlob => ({ mediaType, bytes, digest: digestOf(bytes) });
export const jsonBlob = (mediaType: string, content: object): TestBlob => blobOf(mediaType, Buffer.from(JSON.stringify(content)));

/** A root file system in which `sh`, `sleep`, `httpd`… run: one static binary under all its names, and two users. */
export async function busyboxLayer(binary = '/bin/busybox'): Promise<LayerFiles> {
  const { stdout } = await run(binary, ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return {
    'bin/busybox': { copyOf: binary },
    ...Object.fromEntries(applets.map((name) => [`bin/${name}`, { link: 'busybox' }])),
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n',
    'etc/group': 'root:x:0:\napp:x:1001:\n',
    'root/': '', 'home/app/': '', 'tmp/': '', 'proc/': '', 'sys/': '', 'dev/': '',
  };
}

const types = {
  oci: { manifest: 'application/vnd.oci.image.manifest.v1+json', config: 'application/vnd.oci.image.config.v1+json', layer: 'application/vnd.oci.image.layer.v1.tar', gzip: '+gzip', zstd: '+zstd', none: '' },
  docker: { manifest: 'application/vnd.docker.distribution.manifest.v2+json', config: 'application/vnd.docker.container.image.v1+json', layer: 'application/vnd.docker.image.rootfs.diff.tar', gzip: '.gzip', zstd: '.zstd', none: '' },
} as const;

/** Builds an image in memory; the same options give the same bytes. */
export async function buildTestImage(options: TestImageOptions = {}): Promise<TestImage> {
  const { compression = 'gzip', format = 'oci' } = options;
  const kind = types[format];
  const tars = await Promise.all((options.layers ?? [await busyboxLayer()]).map(tarOf));
  const layers = tars.map((tar) => blobOf(`${kind.layer}${kind[compression]}`, compressed(tar, compression)));
  const diffIds = tars.map(digestOf);
  const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch, ...options.platform };
  const config = jsonBlob(kind.config, { ...platform, config: options.config ?? { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: diffIds } });
  const descriptor = ({ mediaType, digest, bytes }: TestBlob) => ({ mediaType, digest, size: bytes.length });
  const mediaType = options.omitMediaType ? {} : { mediaType: kind.manifest };
  const manifest = jsonBlob(kind.manifest, { schemaVersion: 2, ...mediaType, config: descriptor(config), layers: layers.map(descriptor) });
  return { manifest, config, layers, diffIds, platform };
}

/** An index over several images, each under its own platform. */
export function indexOf(images: readonly TestImage[], format: 'oci' | 'docker' = 'oci'): TestBlob {
  const mediaType = format === 'oci' ? 'application/vnd.oci.image.index.v1+json' : 'application/vnd.docker.distribution.manifest.list.v2+json';
  const manifests = images.map(({ manifest, platform }) => ({ mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length, platform }));
  return jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests });
}

async function tarOf(files: LayerFiles): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'oak-layer-'));
  try {
    for (const [path, content] of Object.entries(files)) await place(join(folder, path), content);
    const { stdout } = await run('tar', ['-C', folder, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-cf', '-', '.'], { encoding: 'buffer', maxBuffer: 1 << 30 });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function place(path: string, content: LayerFiles[string]): Promise<void> {
  if (path.endsWith('/')) return void (await mkdir(path, { recursive: true }));
  await mkdir(dirname(path), { recursive: true });
  if (typeof content === 'string') await writeFile(path, content);
  else if ('link' in content) await symlink(content.link, path);
  else {
    await copyFile(content.copyOf, path);
    await chmod(path, 0o755);
  }
}

function compressed(tar: Buffer, compression: 'gzip' | 'zstd' | 'none'): Buffer {
  if (compression === 'gzip') return gzipSync(tar, { level: 1 });
  return compression === 'zstd' ? zstdCompressSync(tar) : tar;
}
