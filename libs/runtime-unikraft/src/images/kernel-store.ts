import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError, Turns } from '@oak/runtime';
import type { Kernel } from '../driver.ts';
import type { Kernels } from '../unikraft-runtime.ts';
import { checkKernel } from './check-kernel.ts';
import { Downloads, dropDownload, readChunks } from './download.ts';
import { KernelCache } from './kernel-cache.ts';
import { choosePackage, type Descriptor, type PackageRegistry, type PackageRepository } from './kernel-package.ts';
import { parseKernelReference, type KernelReference } from './kernel-reference.ts';
import { unpackKernel, type UnpackLimits } from './unpack-kernel.ts';

export interface KernelStoreOptions {
  readonly dir: string;
  /** As OCI spells it. */
  readonly architecture: string;
  readonly registry: PackageRegistry;
  /** Folders from which files of this node may be booted; empty: none. */
  readonly localDirs: readonly string[];
  /** A whole `Authorization` header for a host. */
  readonly authorize?: (url: URL) => string | undefined;
  /** Of one kernel, fetched or unpacked; default 1 GiB. */
  readonly maxKernelBytes?: number;
  /** Of all; default 4 GiB. */
  readonly maxCacheBytes?: number;
  readonly connectMs?: number;
  /** A name is not asked for again within this time; default half a minute, so that a start follows its preparation at once. */
  readonly freshMs?: number;
}

const gibibyte = 2 ** 30;
const keepMs = 600_000;
const maxEntries = 20_000;

/** Kernels from URLs, registries and the node itself, in one cache. What is there serves when its source is away. */
export class KernelStore implements Kernels {
  readonly #options: KernelStoreOptions;
  readonly #limits: UnpackLimits;
  readonly #cache: KernelCache;
  readonly #downloads: Downloads;
  readonly #turns = new Turns();

  constructor(options: KernelStoreOptions) {
    const { dir, maxKernelBytes = gibibyte, maxCacheBytes = 4 * gibibyte, connectMs = 5_000, authorize = () => undefined } = options;
    this.#options = options;
    this.#limits = { maxBytes: maxKernelBytes, maxEntries };
    this.#cache = new KernelCache(dir, { maxBytes: maxCacheBytes, keepMs });
    this.#downloads = new Downloads({ maxBytes: maxKernelBytes, connectMs, idleMs: 30_000, attempts: 3, authorize });
  }

  /** @throws RuntimeError invalid: not there, damaged, or not for this machine; temporary: its source or the disk */
  ensure(reference: string, signal: AbortSignal): Promise<Kernel> {
    return this.#turns.take(reference, signal, async () => {
      await this.#cache.open();
      const parsed = parseKernelReference(reference);
      const known = parsed.digest === undefined ? undefined : await this.#cache.get(parsed.digest);
      return known ?? this.#fetch(parsed, signal);
    });
  }

  close(): Promise<void> {
    return this.#downloads.close();
  }

  #fetch(reference: KernelReference, signal: AbortSignal): Promise<Kernel> {
    switch (reference.kind) {
      case 'file': return this.#fromFile(reference, signal);
      case 'url': return this.#named(reference.url, (known) => this.#fromUrl(reference, known, signal), signal);
      case 'package': return this.#named(reference.reference, () => this.#fromRegistry(reference, signal), signal);
    }
  }

  /** A name that was resolved a moment ago, or whose source is away, means what it meant. */
  async #named(name: string, fetch: (known: Awaited<ReturnType<KernelCache['pointer']>>) => Promise<Kernel>, signal: AbortSignal): Promise<Kernel> {
    const known = await this.#cache.pointer(keyOf(name));
    const cached = known && (await this.#cache.get(known.digest));
    if (!cached) return fetch(undefined);
    if (Math.abs(Date.now() - known.checkedAtMs) < (this.#options.freshMs ?? 30_000)) return cached;
    try {
      return await fetch(known);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RuntimeError && error.kind === 'temporary') return cached;
      throw error;
    }
  }

  async #fromUrl({ url, digest: pinned }: Extract<KernelReference, { kind: 'url' }>, known: Awaited<ReturnType<KernelCache['pointer']>>, signal: AbortSignal): Promise<Kernel> {
    const key = keyOf(url);
    const path = this.#cache.downloadPath(key);
    const fetched = await this.#downloads.fetch(url, path, known, signal);
    if (fetched.kind === 'unchanged') {
      const kernel = known && (await this.#cache.get(known.digest));
      if (!kernel) throw new RuntimeError('temporary', `kernel ${url}: it was removed while it was asked for`);
      await this.#cache.setPointer(key, { ...known, checkedAtMs: Date.now() });
      return kernel;
    }
    try {
      const digest = await digestOf(path);
      if (pinned !== undefined && digest !== pinned) throw new RuntimeError('invalid', `kernel ${url}: it is pinned to sha256 ${pinned}, and the server gave ${digest}`);
      const kernel = (await this.#cache.get(digest)) ?? (await this.#unpack(digest, url, readChunks(path), signal));
      if (pinned === undefined) await this.#cache.setPointer(key, { digest, ...fetched.validators, checkedAtMs: Date.now() });
      return kernel;
    } finally {
      await dropDownload(path);
    }
  }

  async #fromFile({ path, digest: pinned }: Extract<KernelReference, { kind: 'file' }>, signal: AbortSignal): Promise<Kernel> {
    const { localDirs } = this.#options;
    const real = await realpath(path).catch((error: unknown) => { throw new RuntimeError('invalid', `kernel ${path}: ${String(error)}`, { cause: error }); });
    const allowed = await Promise.all(localDirs.map((dir) => realpath(dir).catch(() => undefined)));
    if (!allowed.some((dir) => dir !== undefined && real.startsWith(`${dir}/`))) {
      throw new RuntimeError('rejected', `kernel ${path}: this node boots files only from ${localDirs.join(', ') || 'nowhere'} (unikernels.local_dirs in its node.toml)`);
    }
    if (!(await stat(real)).isFile()) throw new RuntimeError('invalid', `kernel ${path}: it is no file; give a kernel or an archive with one`);
    const digest = await digestOf(real);
    if (pinned !== undefined && digest !== pinned) throw new RuntimeError('invalid', `kernel ${path}: it is pinned to sha256 ${pinned}, and the file is ${digest}`);
    return (await this.#cache.get(digest)) ?? this.#unpack(digest, path, readChunks(real), signal);
  }

  async #fromRegistry({ reference, digest: pinned }: Extract<KernelReference, { kind: 'package' }>, signal: AbortSignal): Promise<Kernel> {
    const { registry, architecture } = this.#options;
    const repository = registry.open(reference);
    const top = await repository.manifest(repository.tagOrDigest, signal);
    const manifest = top.kind === 'index' ? await repository.manifest(choosePackage(top.manifests, architecture, reference).digest, signal) : top;
    if (manifest.kind === 'index') throw new RuntimeError('invalid', `kernel ${reference}: its index holds another index`);
    const digest = pinned ?? hexOf(manifest.digest);
    const kernel = (await this.#cache.get(digest)) ?? (await this.#unpackLayers(digest, reference, repository, manifest, signal));
    if (pinned === undefined) await this.#cache.setPointer(keyOf(reference), { digest, checkedAtMs: Date.now() });
    return kernel;
  }

  #unpackLayers(digest: string, reference: string, repository: PackageRepository, { config, layers }: { config: Descriptor; layers: readonly Descriptor[] }, signal: AbortSignal): Promise<Kernel> {
    return this.#cache.put(digest, async (dir) => {
      const { entrypoint, cmd, env, workdir } = await repository.config(config, signal);
      for (const layer of layers) await unpackKernel(verified(repository.blob(layer, signal), layer, reference), dir, reference, this.#limits, signal);
      await this.#check(dir, reference);
      return { command: [...entrypoint, ...cmd], environment: [...env, ...(workdir === '' ? [] : [`PWD=${workdir}`])] };
    }, signal);
  }

  #unpack(digest: string, name: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Kernel> {
    return this.#cache.put(digest, async (dir) => {
      await unpackKernel(bytes, dir, name, this.#limits, signal);
      await this.#check(dir, name);
      return { command: [], environment: [] };
    }, signal);
  }

  async #check(dir: string, name: string): Promise<void> {
    if (!(await stat(join(dir, 'kernel')).catch(() => undefined))) throw new RuntimeError('invalid', `kernel ${name}: its archive has no file "kernel"`);
    await checkKernel(join(dir, 'kernel'), name, this.#options.architecture);
  }
}

const keyOf = (name: string): string => createHash('sha256').update(name).digest('hex');
const hexOf = (digest: string): string => digest.slice('sha256:'.length);

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readChunks(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** @throws RuntimeError invalid when the bytes are not those that were promised */
async function* verified(bytes: AsyncIterable<Uint8Array>, { digest }: Descriptor, name: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== digest) throw new RuntimeError('invalid', `kernel ${name}: a layer is damaged: expected ${digest}, got ${found}`);
}
