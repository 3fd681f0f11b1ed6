import type { Cancel, Clock, Random } from '../ports.ts';

interface Timer { readonly at: number; readonly run: () => void }

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;
  #setAheadMs = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now + this.#setAheadMs;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Somebody sets the wall clock, forward or back; no time passes. */
  jump(ms: number): void {
    this.#setAheadMs += ms;
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait; a drained system has none. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves time on, running what becomes due in order, and lets all promises settle before and after each timer. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    let atOnce = 0;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      atOnce = next.at > this.#now ? 0 : atOnce + 1;
      if (atOnce > 10_000) throw new Error('time stands still: 10 000 timers in a row were due at once');
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
      await settled();
    }
    this.#now = until;
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= until && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}

/** Resolves when no promise is left to settle without the outside world: Node empties that queue before it goes on to this. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => { setImmediate(resolve); });
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
