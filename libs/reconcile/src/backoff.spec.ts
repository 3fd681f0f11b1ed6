import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoff, defaultBackoff } from './backoff.ts';

const never = { next: () => 0 };
const policy = { baseMs: 100, maxMs: 1000, factor: 2, jitter: 0 };

test('doubles from the base up to the limit', () => {
  expect([1, 2, 3, 4, 5, 6, 1000].map((attempt) => backoff(attempt, policy, never))).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
});

test('jitter takes away at most its share', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
    const fullMs = backoff(attempt, { ...defaultBackoff, jitter: 0 }, never);
    const ms = backoff(attempt, defaultBackoff, { next: () => chance });
    expect(ms).toBeLessThanOrEqual(fullMs);
    expect(ms).toBeGreaterThan(fullMs * (1 - defaultBackoff.jitter) - 1e-9);
  }));
});
