import { expect, test } from 'vitest';
import { Stragglers } from './stragglers.ts';
import { FakeClock } from './testing/fake-clock.ts';

test('who stands elsewhere has missed something only when nothing is under way to it, and is told once', async () => {
  const clock = new FakeClock();
  const stragglers = new Stragglers(clock);
  expect(stragglers.hasMissed('n', false)).toBe(false);
  stragglers.told('n');
  expect(stragglers.hasMissed('n', true)).toBe(false);
  await clock.advance(1_000);
  expect(stragglers.hasMissed('n', true)).toBe(true);
  expect(stragglers.hasMissed('n', true)).toBe(false);
  expect(stragglers.hasMissed('never told', true)).toBe(true);
});
