import type { LogLine } from '@oak/contracts';
import { FakeClock } from '@oak/reconcile/testing';
import { expect, test } from 'vitest';
import { LogSessions } from './log-sessions.ts';

const line = (text: string): LogLine => ({ stream: 'stdout', text });
const id = '0'.repeat(24);

/** Output that a test writes as it likes. */
function output() {
  const waiting: { resolve: (line: LogLine | undefined) => void }[] = [];
  const written: (LogLine | undefined)[] = [];
  let aborted = false;
  async function* lines(signal: AbortSignal): AsyncGenerator<LogLine> {
    signal.addEventListener('abort', () => { aborted = true; for (const one of waiting.splice(0)) one.resolve(undefined); });
    for (;;) {
      const next = written.length > 0 ? written.shift() : await new Promise<LogLine | undefined>((resolve) => waiting.push({ resolve }));
      if (!next) return;
      yield next;
    }
  }
  const write = (next: LogLine | undefined): void => { const one = waiting.shift(); if (one) one.resolve(next); else written.push(next); };
  return { lines, write, isAborted: () => aborted };
}

function sessions(source: ReturnType<typeof output>) {
  const clock = new FakeClock();
  let count = 0;
  return { clock, logs: new LogSessions({ clock, newId: () => `s${++count}`, open: (of, _options, signal) => Promise.resolve(of === id ? source.lines(signal) : undefined) }) };
}

const turns = async (): Promise<void> => { for (let n = 0; n < 20; n++) await Promise.resolve(); };

test('a reader gets what is there, then what comes, and hears of the end', async () => {
  const source = output();
  const { clock, logs } = sessions(source);
  source.write(line('a'));
  source.write(line('b'));
  const first = logs.read({ id, follow: true });
  await turns();
  await clock.advance(10);
  expect(await first).toEqual({ session: 's1', lines: [line('a'), line('b')] });
  const second = logs.read({ id, session: 's1', follow: true });
  await turns();
  await clock.advance(2_000);
  expect(await second).toEqual({ session: 's1', lines: [] });
  const third = logs.read({ id, session: 's1', follow: true });
  source.write(line('c'));
  source.write(undefined);
  expect(await third).toEqual({ lines: [line('c')] });
  await expect(logs.read({ id, session: 's1', follow: true })).rejects.toMatchObject({ code: 410 });
});

test('who stops asking is forgotten, and its source is closed', async () => {
  const source = output();
  const { clock, logs } = sessions(source);
  const first = logs.read({ id, follow: true });
  await turns();
  await clock.advance(2_000);
  expect((await first).session).toBe('s1');
  await clock.advance(15_000);
  await turns();
  expect(source.isAborted()).toBe(true);
  await expect(logs.read({ id, session: 's1', follow: true })).rejects.toMatchObject({ code: 410 });
});

test('a page fits a message also when every character takes six bytes', async () => {
  const source = output();
  const { clock, logs } = sessions(source);
  for (let n = 0; n < 40; n++) source.write(line('\0'.repeat(20_000)));
  const page = logs.read({ id, follow: true });
  await turns();
  await clock.advance(10);
  const { lines } = await page;
  expect(Buffer.byteLength(JSON.stringify(lines))).toBeLessThan(512 * 1024);
  expect(lines.length).toBeGreaterThan(0);
});

test('an unknown instance, a reading continued twice at once, and too many readers are refused', async () => {
  const source = output();
  const { clock, logs } = sessions(source);
  await expect(logs.read({ id: '1'.repeat(24), follow: false })).rejects.toMatchObject({ code: 404 });
  const first = logs.read({ id, follow: true });
  await turns();
  await expect(logs.read({ id, session: 's1', follow: true })).rejects.toMatchObject({ code: 409 });
  await clock.advance(2_000);
  await first;
  const others = Array.from({ length: 63 }, () => logs.read({ id, follow: true }));
  await turns();
  await expect(logs.read({ id, follow: true })).rejects.toMatchObject({ code: 429 });
  logs.stop();
  await clock.advance(2_000);
  await Promise.allSettled(others);
});
