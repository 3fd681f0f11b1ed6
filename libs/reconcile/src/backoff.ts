import type { Random } from './ports.ts';

/** Delays grow from `baseMs` by `factor` up to `maxMs`. `jitter`: the share (0 to 1) of a delay that chance may take away. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly factor: number;
  readonly jitter: number;
}

export const defaultBackoff: BackoffPolicy = { baseMs: 200, maxMs: 30_000, factor: 2, jitter: 0.5 };

/** Milliseconds to wait after the failure number `attempt`, counted from 1. */
export function backoff(attempt: number, { baseMs, maxMs, factor, jitter }: BackoffPolicy, random: Random): number {
  const fullMs = Math.min(maxMs, baseMs * factor ** (attempt - 1));
  return fullMs * (1 - jitter * random.next());
}
