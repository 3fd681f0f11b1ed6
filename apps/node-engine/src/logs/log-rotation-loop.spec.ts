import { FakeClock, seededRandom } from '@oak/reconcile/testing';
import { expect, test } from 'vitest';
import { startLogRotation } from './log-rotation-loop.ts';

function started(sweep: (signal: AbortSignal) => Promise<void>) {
  const clock = new FakeClock();
  const said: string[] = [];
  const seen = { sweeps: 0 };
  const stop = startLogRotation({ rotation: { sweep: (signal) => { seen.sweeps++; return sweep(signal); } }, clock, random: seededRandom(1), log: (text) => { said.push(text); } });
  return { clock, said, seen, stop };
}

test('all logs are looked at when the node starts, and then every five seconds', async () => {
  const { clock, seen, stop } = started(() => Promise.resolve());
  await clock.advance(0);
  expect(seen.sweeps).toBe(1);
  await clock.advance(60_000);
  expect(seen.sweeps).toBe(13);
  await stop();
  expect(clock.waiting).toBe(0);
});

test('what goes wrong is said once, and tried again until it works', async () => {
  let broken = true;
  const { clock, said, seen, stop } = started(() => (broken ? Promise.reject(new Error('no space left')) : Promise.resolve()));
  await clock.advance(60_000);
  expect(said).toEqual([expect.stringContaining('no space left')]);
  broken = false;
  await clock.advance(60_000);
  const before = seen.sweeps;
  await clock.advance(5_000);
  expect(seen.sweeps).toBe(before + 1);
  await stop();
});

test('a stop in the middle of a sweep aborts it and waits for its end', async () => {
  let ended = false;
  const { clock, stop } = started((signal) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => { ended = true; reject(signal.reason as Error); });
  }));
  await clock.advance(0);
  await stop();
  expect(ended).toBe(true);
});
