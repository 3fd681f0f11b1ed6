import { watch } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  readonly withinMs: number;
  /** How often to look where nothing in the folder changes. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Looks whenever something in the folder changes, and on a period. Undefined: nothing was found within the time. @throws the signal's reason */
export async function until<T>(folder: string, look: () => Promise<T | undefined>, { withinMs, everyMs, signal }: UntilOptions): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  let ring: () => void = () => undefined;
  const watcher = watched(folder, () => { ring(); });
  try {
    for (;;) {
      signal.throwIfAborted();
      const rung = new Promise<void>((resolve) => { ring = resolve; });
      const found = await look();
      const leftMs = deadline - performance.now();
      if (found !== undefined || leftMs <= 0) return found;
      const over = new AbortController();
      await Promise.race([rung, pause(Math.min(everyMs, leftMs), undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined)]);
      over.abort();
    }
  } finally {
    watcher?.close();
  }
}

function watched(folder: string, changed: () => void): { close(): void } | undefined {
  try {
    return watch(folder, { persistent: false }, changed).on('error', changed);
  } catch {
    return undefined;
  }
}
