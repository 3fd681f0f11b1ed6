import { existsSync, watch } from 'node:fs';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogLine, LogOptions, WorkloadLogs, Writing } from '@oak/runtime';

const lookMs = 500;

/** Logs as two small files per workload, read whole each time: the simplest that keeps the port's promises. */
export class PlainLogs implements WorkloadLogs {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async create(id: string): Promise<Readonly<Record<'stdout' | 'stderr', string>>> {
    await mkdir(join(this.#root, id), { recursive: true });
    for (const stream of ['stdout', 'stderr'] as const) await appendFile(this.#path(id, stream), '');
    return { stdout: this.#path(id, 'stdout'), stderr: this.#path(id, 'stderr') };
  }

  has(id: string): boolean {
    return existsSync(join(this.#root, id));
  }

  async *read(id: string, { tail, follow = false }: LogOptions, signal: AbortSignal, { isOver, onChange }: Writing): AsyncGenerator<LogLine> {
    signal.throwIfAborted();
    let ring: () => void = () => undefined;
    const stop = onChange(() => { ring(); });
    const watcher = existsSync(join(this.#root, id)) ? watch(join(this.#root, id), () => { ring(); }) : undefined;
    try {
      let told = tail === undefined ? 0 : Math.max(0, (await this.#lines(id, true)).length - tail);
      for (let over = false; ;) {
        signal.throwIfAborted();
        const rung = new Promise<void>((resolve) => { ring = resolve; });
        const lines = await this.#lines(id, over || !follow);
        for (const text of lines.slice(told)) yield { stream: 'stdout', text };
        told = Math.max(told, lines.length);
        if (!follow || over) return;
        // What was written before the end is read once more.
        over = await isOver();
        if (!over) await Promise.race([rung, pause(lookMs, undefined, { signal }).catch(() => undefined)]);
      }
    } finally {
      watcher?.close();
      stop();
    }
  }

  remove(id: string): Promise<void> {
    return rm(join(this.#root, id), { recursive: true, force: true });
  }

  #path(id: string, stream: 'stdout' | 'stderr'): string {
    return join(this.#root, id, stream);
  }

  /** `unfinished`: the last line counts also when no newline ended it. */
  async #lines(id: string, unfinished: boolean): Promise<string[]> {
    const lines = (await readFile(this.#path(id, 'stdout'), 'utf8').catch(() => '')).split('\n');
    const last = lines.pop() ?? '';
    return unfinished && last !== '' ? [...lines, last] : lines;
  }
}
