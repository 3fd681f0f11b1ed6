import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

describe('turns', () => {
  test('one after another with one key, side by side with others', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ key: fc.constantFrom('a', 'b'), ticks: fc.nat(3), fails: fc.boolean() }), { maxLength: 20 }), async (calls) => {
      const turns = new Turns();
      const inside = new Map<string, number>();
      const order: number[] = [];
      await Promise.allSettled(calls.map(({ key, ticks, fails }, index) => turns.take(key, never, async () => {
        inside.set(key, (inside.get(key) ?? 0) + 1);
        expect(inside.get(key)).toBe(1);
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        order.push(index);
        inside.set(key, 0);
        if (fails) throw new Error('fails');
      })));
      for (const key of ['a', 'b']) {
        const ofKey = order.filter((index) => calls[index]?.key === key);
        expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
      }
      expect(order).toHaveLength(calls.length);
    }));
  });

  test('one that is aborted while it waits leaves at once, and the queue goes on', async () => {
    const turns = new Turns();
    const first = Promise.withResolvers<void>();
    const done: string[] = [];
    const one = turns.take('a', never, () => first.promise.then(() => void done.push('first')));
    const aborting = new AbortController();
    const two = turns.take('a', aborting.signal, () => Promise.resolve(void done.push('second')));
    const three = turns.take('a', never, () => Promise.resolve(void done.push('third')));
    aborting.abort(new Error('gave up'));
    await expect(two).rejects.toThrow('gave up');
    expect(done).toEqual([]);
    first.resolve();
    await Promise.all([one, three]);
    expect(done).toEqual(['first', 'third']);
    await expect(turns.take('a', AbortSignal.abort(new Error('too late')), () => Promise.resolve())).rejects.toThrow('too late');
  });
});
