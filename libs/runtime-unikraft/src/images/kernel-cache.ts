import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Turns } from '@oak/runtime';
import { z } from 'zod';
import type { Kernel } from '../driver.ts';

const storedSchema = z.object({ bytes: z.number(), hasInitrd: z.boolean(), hasFiles: z.boolean(), command: z.array(z.string()), environment: z.array(z.string()) });
const pointerSchema = z.object({ digest: z.string(), etag: z.string().optional(), lastModified: z.string().optional(), checkedAtMs: z.number() });
/** What a name meant when it was last asked for. */
export type Pointer = z.infer<typeof pointerSchema>;

export interface CacheLimits {
  /** What is not used lately is removed above this. */
  readonly maxBytes: number;
  /** What was used within this time stays: it may be about to boot. */
  readonly keepMs: number;
}

const dayMs = 86_400_000;

/** Unpacked kernels by the digest of what they came as. */
export class KernelCache {
  readonly #dir: string;
  readonly #limits: CacheLimits;
  readonly #turns = new Turns();
  #opened: Promise<void> | undefined;

  constructor(dir: string, limits: CacheLimits) {
    this.#dir = dir;
    this.#limits = limits;
  }

  /** Clears what an earlier process left half done; what it fetched half is gone on with for a day. */
  open(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open(): Promise<void> {
    await rm(join(this.#dir, 'drafts'), { recursive: true, force: true });
    for (const name of ['kernels', 'pointers', 'downloads', 'drafts']) await mkdir(join(this.#dir, name), { recursive: true, mode: 0o700 });
    for (const name of await readdir(join(this.#dir, 'downloads'))) {
      const path = join(this.#dir, 'downloads', name);
      if (Date.now() - (await stat(path)).mtimeMs > dayMs) await rm(path, { force: true });
    }
  }

  downloadPath(key: string): string {
    return join(this.#dir, 'downloads', key);
  }

  /** Undefined: not there. Counts as use. */
  async get(digest: string): Promise<Kernel | undefined> {
    const dir = join(this.#dir, 'kernels', digest);
    const text = await readFile(join(dir, 'stored.json'), 'utf8').catch(() => undefined);
    const stored = text === undefined ? undefined : storedSchema.safeParse(parsed(text)).data;
    if (!stored) return undefined;
    const now = new Date();
    await utimes(dir, now, now);
    return {
      kernelPath: join(dir, 'kernel'), command: stored.command, environment: stored.environment,
      ...(stored.hasInitrd && { initrdPath: join(dir, 'initrd') }), ...(stored.hasFiles && { filesPath: join(dir, 'files') }),
    };
  }

  /** `fill` writes the parts into a folder that becomes the kernel when it succeeds, and nothing when it fails. */
  put(digest: string, fill: (dir: string) => Promise<{ readonly command: readonly string[]; readonly environment: readonly string[] }>, signal: AbortSignal): Promise<Kernel> {
    // Two names may mean the same.
    return this.#turns.take(digest, signal, async () => {
      const draft = join(this.#dir, 'drafts', digest);
      await rm(draft, { recursive: true, force: true });
      await mkdir(draft, { mode: 0o755 });
      try {
        const { command, environment } = await fill(draft);
        const names = await readdir(draft);
        const stored = { bytes: await sizeOf(draft), hasInitrd: names.includes('initrd'), hasFiles: names.includes('files'), command, environment };
        await writeFile(join(draft, 'stored.json'), JSON.stringify(stored));
        await rm(join(this.#dir, 'kernels', digest), { recursive: true, force: true });
        await rename(draft, join(this.#dir, 'kernels', digest));
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
      await this.#evict();
      const kernel = await this.get(digest);
      if (!kernel) throw new Error(`kernel ${digest} vanished from ${this.#dir}`);
      return kernel;
    });
  }

  async pointer(key: string): Promise<Pointer | undefined> {
    const text = await readFile(join(this.#dir, 'pointers', key), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : pointerSchema.safeParse(parsed(text)).data;
  }

  async setPointer(key: string, pointer: Pointer): Promise<void> {
    const draft = join(this.#dir, 'drafts', `pointer-${key}`);
    await writeFile(draft, JSON.stringify(pointer));
    await rename(draft, join(this.#dir, 'pointers', key));
  }

  /** Least lately used first. Machines that run have their files open and miss nothing. */
  async #evict(): Promise<void> {
    const kernels = await Promise.all((await readdir(join(this.#dir, 'kernels'))).map(async (digest) => {
      const dir = join(this.#dir, 'kernels', digest);
      const stored = storedSchema.safeParse(parsed(await readFile(join(dir, 'stored.json'), 'utf8').catch(() => ''))).data;
      return { dir, bytes: stored?.bytes ?? 0, usedAtMs: (await stat(dir)).mtimeMs };
    }));
    let bytes = kernels.reduce((sum, one) => sum + one.bytes, 0);
    for (const { dir, bytes: own, usedAtMs } of kernels.toSorted((one, other) => one.usedAtMs - other.usedAtMs)) {
      if (bytes <= this.#limits.maxBytes || Date.now() - usedAtMs < this.#limits.keepMs) return;
      await rm(dir, { recursive: true, force: true });
      bytes -= own;
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function sizeOf(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
