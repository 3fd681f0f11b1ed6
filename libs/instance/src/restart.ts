/** When a workload that ended is started again. */
export interface RestartPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** A run of at least this long counts as healthy and resets the delays. */
  readonly healthyMs: number;
  /** Share of a delay that is random, so that a thousand instances do not come back at once. */
  readonly jitter: number;
}

/** The first restart is at once: most crashes are alone. */
export const restartPolicy: RestartPolicy = { baseMs: 1_000, maxMs: 300_000, factor: 2, healthyMs: 60_000, jitter: 0.2 };

/** Failures in a row, after one more that followed a run of `ranMs` (0 = it never ran). */
export function nextFailures(failures: number, ranMs: number, policy: RestartPolicy = restartPolicy): number {
  return ranMs >= policy.healthyMs ? 1 : failures + 1;
}

/** How long to wait before the next start. `random` is in [0,1). */
export function restartDelayMs(failures: number, random: number, policy: RestartPolicy = restartPolicy): number {
  if (failures <= 1) return 0;
  const delay = Math.min(policy.maxMs, policy.baseMs * policy.factor ** (failures - 2));
  return Math.round(delay * (1 - policy.jitter * random));
}
