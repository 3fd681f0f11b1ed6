import { beforeEach, describe, expect, test } from 'vitest';
import { PassTimeout, ReconcileLoop, type LoopOptions, type Result } from './reconcile-loop.ts';
import { FakeClock, settled } from './testing/fake-clock.ts';

const done: Result = { kind: 'done' };
let clock: FakeClock;
let passes: string[];
let errors: [string | undefined, unknown, number][];
beforeEach(() => {
  clock = new FakeClock(0);
  passes = [];
  errors = [];
});

function loopOf(options: Partial<LoopOptions<string>> = {}): ReconcileLoop<string> {
  return new ReconcileLoop<string>({
    name: 'test',
    reconcile: (key) => { passes.push(key); return Promise.resolve(done); },
    clock,
    random: { next: () => 0 },
    backoff: { baseMs: 100, maxMs: 1000, factor: 2, jitter: 0.5 },
    onError: (key, error, attempt) => errors.push([key, error, attempt]),
    ...options,
  });
}

/** A pass that ends when the test says so. */
function gate(): { reconcile: LoopOptions<string>['reconcile']; open: (result?: Result | Error) => void; signals: AbortSignal[] } {
  const waiting: ((result: Result | Error) => void)[] = [];
  const signals: AbortSignal[] = [];
  return {
    signals,
    open: (result = done) => waiting.shift()?.(result),
    reconcile: (key, signal) => {
      passes.push(key);
      signals.push(signal);
      return new Promise((resolve, reject) => waiting.push((result) => (result instanceof Error ? reject(result) : resolve(result))));
    },
  };
}

describe('trigger', () => {
  test('starts the pass in the same turn, without any timer', async () => {
    const loop = loopOf();
    loop.start();
    loop.trigger('a');
    await Promise.resolve();
    expect(passes).toEqual(['a']);
    await loop.stop();
  });

  test('many for one key before its pass are one pass; before start they wait', async () => {
    const loop = loopOf();
    loop.trigger('a');
    loop.trigger('a');
    await settled();
    expect(passes).toEqual([]);
    loop.start();
    loop.trigger('a');
    await settled();
    expect(passes).toEqual(['a']);
    await loop.stop();
  });

  test('during a pass causes exactly one more', async () => {
    const { reconcile, open } = gate();
    const loop = loopOf({ reconcile });
    loop.start();
    loop.trigger('a');
    await settled();
    loop.trigger('a');
    loop.trigger('a');
    await settled();
    expect(passes).toEqual(['a']);
    open();
    await settled();
    expect(passes).toEqual(['a', 'a']);
    open();
    await settled();
    expect(passes).toEqual(['a', 'a']);
    expect(clock.waiting).toBe(0);
    await loop.stop();
  });

  test('other keys run beside it, up to the concurrency', async () => {
    const { reconcile, open } = gate();
    const loop = loopOf({ reconcile, concurrency: 2 });
    loop.start();
    for (const key of ['a', 'b', 'c', 'd']) loop.trigger(key);
    await settled();
    expect(passes).toEqual(['a', 'b']);
    open();
    await settled();
    expect(passes).toEqual(['a', 'b', 'c']);
    for (let left = 3; left > 0; left--) open();
    await settled();
    open();
    await loop.stop();
    expect(passes).toEqual(['a', 'b', 'c', 'd']);
  });

  test('goes before a planned later look', async () => {
    const loop = loopOf({ reconcile: (key) => { passes.push(key); return Promise.resolve({ kind: 'again', afterMs: 500 }); } });
    loop.start();
    loop.trigger('a');
    await clock.advance(499);
    expect(passes).toHaveLength(1);
    loop.trigger('a');
    await clock.advance(499);
    expect(passes).toHaveLength(2);
    await clock.advance(1);
    expect(passes).toHaveLength(3);
    await loop.stop();
    expect(clock.waiting).toBe(0);
  });
});

describe('an error', () => {
  test('backs off per key; success resets', async () => {
    let failing = true;
    const loop = loopOf({ reconcile: (key) => { passes.push(key); return key === 'bad' && failing ? Promise.reject(new Error('no')) : Promise.resolve(done); } });
    loop.start();
    loop.trigger('bad');
    await clock.advance(99);
    loop.trigger('good');
    await clock.advance(0);
    expect(passes).toEqual(['bad', 'good']);
    await clock.advance(1 + 200);
    expect(errors.map(([key, , attempt]) => [key, attempt])).toEqual([['bad', 1], ['bad', 2], ['bad', 3]]);
    failing = false;
    await clock.advance(400);
    expect(clock.waiting).toBe(0);
    failing = true;
    loop.trigger('bad');
    await clock.advance(0);
    expect(errors.at(-1)?.[2]).toBe(1);
    await loop.stop();
  });

  test('thrown before the first await counts as well', async () => {
    const loop = loopOf({ reconcile: () => { throw new Error('at once'); } });
    loop.start();
    loop.trigger('a');
    await clock.advance(100);
    expect(errors).toHaveLength(2);
    await loop.stop();
  });
});

describe('a pass that takes too long', () => {
  test('is aborted and reported once; its slot is free, its key is not', async () => {
    const { reconcile, open, signals } = gate();
    const loop = loopOf({ reconcile, timeoutMs: 1000, concurrency: 1 });
    loop.start();
    loop.trigger('slow');
    await clock.advance(1000);
    expect(signals[0]?.reason).toBeInstanceOf(PassTimeout);
    expect(errors).toEqual([['slow', expect.any(PassTimeout), 1]]);
    loop.trigger('slow');
    loop.trigger('next');
    await settled();
    expect(passes).toEqual(['slow', 'next']);
    open(new Error('aborted'));
    open();
    await settled();
    expect(passes).toEqual(['slow', 'next', 'slow']);
    expect(errors).toHaveLength(1);
    open();
    await loop.stop();
  });
});

describe('resync', () => {
  test('looks at all keys at the start, then every period', async () => {
    const loop = loopOf({ keys: () => Promise.resolve(['a', 'b']), resyncMs: 1000 });
    loop.start();
    await clock.advance(0);
    expect(passes).toEqual(['a', 'b']);
    await clock.advance(1000);
    expect(passes).toEqual(['a', 'b', 'a', 'b']);
    loop.triggerAll();
    await settled();
    expect(passes).toHaveLength(6);
    await loop.stop();
    expect(clock.waiting).toBe(0);
  });

  test('a failed list is reported without a key and tried again soon', async () => {
    let failing = true;
    const loop = loopOf({ keys: () => (failing ? Promise.reject(new Error('no list')) : Promise.resolve(['a'])), resyncMs: 60_000 });
    loop.start();
    await clock.advance(0);
    expect(errors).toEqual([[undefined, expect.any(Error), 1]]);
    failing = false;
    await clock.advance(100);
    expect(passes).toEqual(['a']);
    await loop.stop();
  });

  test('without keys there is none', () => {
    expect(() => loopOf().triggerAll()).toThrow('no keys()');
  });
});

describe('stop', () => {
  test('aborts, waits for the passes, starts nothing more and reports nothing', async () => {
    const { reconcile, open, signals } = gate();
    const loop = loopOf({ reconcile, concurrency: 1 });
    loop.start();
    loop.trigger('a');
    loop.trigger('b');
    await settled();
    let stopped = false;
    const stopping = loop.stop().then(() => { stopped = true; });
    loop.trigger('a');
    await settled();
    expect([signals[0]?.aborted, stopped]).toEqual([true, false]);
    open(new Error('aborted'));
    await stopping;
    loop.trigger('c');
    await clock.advance(10_000);
    expect([passes, errors, clock.waiting]).toEqual([['a'], [], 0]);
  });

  test('may come twice, and before start; start may not come twice', async () => {
    const loop = loopOf();
    await Promise.all([loop.stop(), loop.stop()]);
    expect(() => loop.start()).toThrow('started before');
  });
});
