import { ReconcileLoop, type Clock, type Random } from '@oak/reconcile';
import type { LogRotation } from '@oak/runtime-containerd';

export interface LogRotationLoopOptions {
  readonly rotation: Pick<LogRotation, 'sweep'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (text: string) => void;
}

/** What is written between two looks comes on top of the limit; a look costs two directory listings for each workload. */
const everyMs = 5_000;
/** A sweep copies what it moves; with many large logs on a slow card that takes its time. */
const timeoutMs = 600_000;

/** Looks at the logs of all workloads every few seconds, also of those that an earlier life of this process started. Returns the stop. */
export function startLogRotation({ rotation, clock, random, log }: LogRotationLoopOptions): () => Promise<void> {
  const loop = new ReconcileLoop<'sweep'>({
    name: 'logs', clock, random, timeoutMs,
    reconcile: async (_key, signal) => {
      await rotation.sweep(signal);
      return { kind: 'again', afterMs: everyMs };
    },
    // A full disk says the same every time.
    onError: (_key, error, attempt) => { if (attempt === 1) log(`logs can not be rotated: ${String(error)}`); },
  });
  loop.start();
  loop.trigger('sweep');
  return () => loop.stop();
}
