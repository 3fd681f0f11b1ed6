import { expect, test } from 'vitest';
import { FakeClock, seededRandom } from './fake-clock.ts';

test('timers run in the order of their time, also those that timers and promises add', async () => {
  const clock = new FakeClock(0);
  const ran: [string, number][] = [];
  const note = (name: string) => () => void ran.push([name, clock.now()]);
  clock.after(20, note('b'));
  clock.after(10, () => { note('a')(); void Promise.resolve().then(() => clock.after(5, note('a5'))); });
  clock.after(30, note('c'));
  clock.after(15, note('cancelled'))();
  await clock.advance(20);
  expect(ran).toEqual([['a', 10], ['a5', 15], ['b', 20]]);
  expect([clock.now(), clock.waiting]).toEqual([20, 1]);
});

test('who sets the wall clock moves neither the monotonic time nor a timer', async () => {
  const clock = new FakeClock(5_000_000);
  let ran = 0;
  clock.after(1_000, () => { ran++; });
  for (const ms of [3_600_000, -7_200_000]) {
    clock.jump(ms);
    await clock.advance(100);
  }
  expect([clock.now(), clock.monotonic(), ran]).toEqual([5_000_200 - 3_600_000, 5_000_200, 0]);
  await clock.advance(800);
  expect(ran).toBe(1);
});

test('a loop without delay is named instead of hanging', async () => {
  const clock = new FakeClock(0);
  const again = (): void => void clock.after(0, again);
  again();
  await expect(clock.advance(1)).rejects.toThrow('time stands still');
});

test('one seed gives one sequence, from 0 up to below 1', () => {
  const [left, right] = [seededRandom(7), seededRandom(7)];
  const numbers = Array.from({ length: 1000 }, () => left.next());
  expect(numbers).toEqual(Array.from({ length: 1000 }, () => right.next()));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(new Set(numbers).size).toBe(1000);
});
