import type { Cancel, Clock, Random } from './ports.ts';

/** Node fires a longer timeout at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    let timer: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      const stepMs = Math.min(restMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (restMs > stepMs ? arm(restMs - stepMs) : run()), stepMs);
    };
    arm(ms);
    return (): ReturnType<Cancel> => clearTimeout(timer);
  },
};

export const realRandom: Random = { next: () => Math.random() };
