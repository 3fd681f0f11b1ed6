import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextFailures, restartDelayMs, restartPolicy } from './index.ts';

test('the first restart is at once, later ones wait twice as long each, up to a limit', () => {
  expect([1, 2, 3, 4, 20].map((failures) => restartDelayMs(failures, 0))).toEqual([0, 1_000, 2_000, 4_000, 300_000]);
});

test('jitter only shortens, by at most its share', () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 100 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
    const full = restartDelayMs(failures, 0);
    const delay = restartDelayMs(failures, random);
    return delay <= full && delay >= Math.floor(full * (1 - restartPolicy.jitter));
  }));
});

test('a healthy run forgets earlier failures', () => {
  expect(nextFailures(7, restartPolicy.healthyMs)).toBe(1);
  expect(nextFailures(7, restartPolicy.healthyMs - 1)).toBe(8);
});
