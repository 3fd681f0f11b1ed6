import { createWriteStream } from 'node:fs';
import { mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { RuntimeError } from '@oak/runtime';
import { extract, type Headers } from './tar.js';

export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Where the parts of a unikernel are in an archive -> what they are called here. Everything else is left out. */
const parts: readonly (readonly [pattern: RegExp, name: 'kernel' | 'initrd' | 'files'])[] = [
  [/^(unikraft\/bin\/)?kernel$/, 'kernel'], [/^(unikraft\/bin\/)?(initrd|initramfs\.cpio)$/, 'initrd'], [/^files1?(?=\/|$)/, 'files'],
];

/**
 * Takes the parts of a unikernel out of a hostile stream into `to`: a kernel itself, or a tar archive with one, compressed by gzip, zstd or not at all.
 * Nothing is written outside, no link leads outside. @throws RuntimeError invalid: damaged, too large, or it tries
 */
export async function unpackKernel(bytes: AsyncIterable<Uint8Array>, to: string, name: string, limits: UnpackLimits, signal: AbortSignal): Promise<void> {
  try {
    const { first, all } = await peeked(bytes);
    const decompress = decompressorOf(first);
    const plain = decompress ? await peeked(decompressed(all, decompress(), signal)) : { first, all };
    const counted = limited(plain.all, name, limits.maxBytes);
    if (plain.first.subarray(0, 4).toString('latin1') === '\x7fELF') await pipeline(counted, createWriteStream(join(to, 'kernel'), { mode: 0o644 }), { signal });
    else await unpackTar(counted, to, name, limits, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RuntimeError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE'].includes(code)) throw new RuntimeError('temporary', `kernel ${name}: ${String(error)}`, { cause: error });
    throw new RuntimeError('invalid', `kernel ${name}: its archive is damaged: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function decompressorOf(first: Buffer): (() => Duplex) | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return () => createGunzip();
  return first.subarray(0, 4).toString('hex') === '28b52ffd' ? () => createZstdDecompress() : undefined;
}

async function* decompressed(bytes: AsyncIterable<Uint8Array>, stream: Duplex, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(Readable.from(bytes), stream, { signal });
  feeding.catch(() => undefined);
  for await (const chunk of stream) yield chunk as Uint8Array;
  await feeding;
}

/** The first bytes, and all of them. */
async function peeked(bytes: AsyncIterable<Uint8Array>): Promise<{ first: Buffer; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < 4) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* chunks;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { first: Buffer.concat(chunks), all: all() };
}

async function* limited(bytes: AsyncIterable<Uint8Array>, name: string, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > maxBytes) throw new RuntimeError('invalid', `kernel ${name}: unpacked it has more than ${Math.floor(maxBytes / 2 ** 20)} MiB, which this node does not take`);
    yield chunk;
  }
}

/** Links are made last, so that nothing is ever written through one. */
async function unpackTar(bytes: AsyncIterable<Uint8Array>, to: string, name: string, { maxEntries }: UnpackLimits, signal: AbortSignal): Promise<void> {
  const root = await realpath(to);
  const links: { path: string; target: string }[] = [];
  let entries = 0;
  const archive = extract();
  archive.on('entry', (headers, content, next) => {
    const take = async (): Promise<void> => {
      if (++entries > maxEntries) throw new RuntimeError('invalid', `kernel ${name}: its archive has more than ${maxEntries} entries`);
      const path = placeOf(headers, name);
      if (path === undefined) content.resume();
      else await takeEntry(headers, content, join(root, path), name, (target) => links.push({ path: join(root, path), target: within(path, target, name) }));
    };
    take().then(() => next(), (error: unknown) => { content.resume(); next(error); });
  });
  await pipeline(Readable.from(bytes), asWritable(archive), { signal });
  if (entries === 0) throw new RuntimeError('invalid', `kernel ${name}: it is neither a kernel nor an archive with one`);
  for (const { path, target } of links) {
    await openFolder(dirname(path), name);
    await rm(path, { force: true });
    await symlink(target, path);
  }
}

/** tar-stream's streams are of an older kind. */
function asWritable(archive: ReturnType<typeof extract>): NodeJS.WritableStream {
  return archive;
}

async function takeEntry({ type, linkname, mode = 0o644 }: Headers, content: Readable, path: string, name: string, link: (target: string) => void): Promise<void> {
  if (type === 'directory') await openFolder(path, name);
  else if (type === 'symlink') link(linkname ?? '');
  else {
    await openFolder(dirname(path), name);
    // The last entry of a name counts; what was there may be a link.
    await rm(path, { force: true });
    return pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o644 | (mode & 0o111) }));
  }
  content.resume();
}

/** A folder that is where its path says, not where a link of an earlier layer leads. */
async function openFolder(path: string, name: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  if ((await realpath(path)) !== path) throw new RuntimeError('invalid', `kernel ${name}: its archive puts something behind a link`);
}

/** Undefined: no part of a unikernel. */
function placeOf({ name: entry, type }: Headers, name: string): string | undefined {
  const path = normalize(entry).replace(/^(\.?\/)+/, '').replace(/\/$/, '');
  if (entry.includes('\0') || path.split('/').includes('..')) throw new RuntimeError('invalid', `kernel ${name}: its archive has the entry ${JSON.stringify(entry)}, which leads outside`);
  const [pattern, part] = parts.find(([one]) => one.test(path)) ?? [];
  if (pattern === undefined || part === undefined) return undefined;
  const allowed = part === 'files' ? ['file', 'contiguous-file', 'directory', 'symlink'] : ['file', 'contiguous-file'];
  if (!allowed.includes(type ?? 'file')) throw new RuntimeError('invalid', `kernel ${name}: its archive has ${JSON.stringify(entry)} as ${type ?? 'an unknown kind'}; only files${part === 'files' ? ', folders and links' : ''} make sense there`);
  return path.replace(pattern, part);
}

/** Where a link inside the file system leads. */
function within(path: string, target: string, name: string): string {
  const inside = normalize(join(dirname(path), target));
  if (target.startsWith('/') || target === '' || (inside !== 'files' && !inside.startsWith('files/'))) throw new RuntimeError('invalid', `kernel ${name}: its archive has a link ${JSON.stringify(path)} to ${JSON.stringify(target)}, which leads outside`);
  return target;
}

