import { expect, test } from 'vitest';
import { realClock, realRandom } from './real-clock.ts';

test('a timer fires once, and not after its undo', async () => {
  let fired = 0;
  const cancel = realClock.after(0, () => { fired += 100; });
  cancel();
  cancel();
  await new Promise<void>((resolve) => { realClock.after(1, () => { fired++; resolve(); }); });
  expect(fired).toBe(1);
});

test('a time longer than the longest timeout does not fire at once', async () => {
  let fired = false;
  const cancel = realClock.after(2 ** 33, () => { fired = true; });
  await new Promise<void>((resolve) => { realClock.after(5, resolve); });
  cancel();
  expect(fired).toBe(false);
});

test('now is the time of day, random is below 1', () => {
  expect(Math.abs(realClock.now() - Date.now())).toBeLessThan(1000);
  for (let count = 0; count < 1000; count++) expect(realRandom.next()).toBeLessThan(1);
});
