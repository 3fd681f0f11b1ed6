import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReconcileLoop, type Result } from './reconcile-loop.ts';
import { FakeClock, seededRandom } from './testing/fake-clock.ts';

type Step =
  | { readonly kind: 'trigger'; readonly key: number }
  | { readonly kind: 'triggerAll' }
  | { readonly kind: 'advance'; readonly ms: number };
/** How one pass goes: how long it takes (0: not even a timer), and how it ends. */
interface Outcome { readonly tookMs: number; readonly end: 'done' | 'again' | 'throw' | 'deaf' }

const step = fc.oneof(
  fc.record({ kind: fc.constant('trigger' as const), key: fc.nat(4) }),
  fc.record({ kind: fc.constant('triggerAll' as const) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(300) }),
);
const outcome = fc.record({ tookMs: fc.oneof(fc.constant(0), fc.nat(500)), end: fc.constantFrom('done' as const, 'again' as const, 'throw' as const, 'deaf' as const) });

/** A world that keeps count of what the loop promises. */
class Witness {
  readonly clock = new FakeClock(0);
  readonly running = new Map<number, AbortSignal>();
  readonly unseen = new Set<number>();
  readonly faults: string[] = [];
  readonly #outcomes: readonly Outcome[];
  readonly #concurrency: number;
  #next = 0;

  constructor(outcomes: readonly Outcome[], concurrency: number) {
    this.#outcomes = outcomes;
    this.#concurrency = concurrency;
  }

  async pass(key: number, signal: AbortSignal): Promise<Result> {
    if (this.running.has(key)) this.faults.push(`two passes of ${key} at once`);
    this.running.set(key, signal);
    // A pass that is over its time holds no slot any more.
    const active = [...this.running.values()].filter(({ aborted }) => !aborted).length;
    if (active > this.#concurrency) this.faults.push(`${active} passes in ${this.#concurrency} slots`);
    this.unseen.delete(key);
    const { tookMs, end } = this.#outcomes[this.#next++ % this.#outcomes.length] ?? { tookMs: 0, end: 'done' };
    try {
      if (tookMs > 0) await this.#sleep(tookMs, end === 'deaf' ? undefined : signal);
      if (end === 'throw') throw new Error('as told');
      return end === 'again' ? { kind: 'again', afterMs: 50 + tookMs } : { kind: 'done' };
    } finally {
      this.running.delete(key);
    }
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(ms, resolve);
      signal?.addEventListener('abort', () => { cancel(); reject(signal.reason as Error); });
    });
  }
}

test('whatever happens: one pass per key, no lost trigger, and stop drains', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(outcome, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 3 }), fc.nat(), async (steps, outcomes, concurrency, seed) => {
    const world = new Witness(outcomes, concurrency);
    const loop = new ReconcileLoop<number>({
      name: 'property', clock: world.clock, random: seededRandom(seed), concurrency, timeoutMs: 200, resyncMs: 5000,
      reconcile: (key, signal) => world.pass(key, signal), keys: () => Promise.resolve([0, 1, 2, 3, 4]), onError: () => undefined,
    });
    loop.start();
    for (const each of steps) await perform(each, loop, world);
    await world.clock.advance(4000);
    expect([...world.unseen]).toEqual([]);
    const stopping = loop.stop();
    for (let slices = 0; slices < 6; slices++) await world.clock.advance(100);
    await stopping;
    expect([world.running.size, world.clock.waiting, world.faults]).toEqual([0, 0, []]);
  }), { numRuns: 150 });
});

async function perform(each: Step, loop: ReconcileLoop<number>, world: Witness): Promise<void> {
  switch (each.kind) {
    case 'advance': return world.clock.advance(each.ms);
    case 'triggerAll': return loop.triggerAll();
    case 'trigger':
      loop.trigger(each.key);
      world.unseen.add(each.key);
  }
}
