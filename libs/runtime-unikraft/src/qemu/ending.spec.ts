import { expect, test } from 'vitest';
import { exitOf, type EndOfMachine } from './ending.ts';

const shutdown = (reason: string): string => `{"timestamp": {"seconds": 1}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "${reason}"}}\n`;
const end = (change: Partial<EndOfMachine>): EndOfMachine => ({ status: 0, atMs: 5, events: '', asked: undefined, oomKills: 0, ...change });

test.each<[string, Partial<EndOfMachine>, number, boolean, RegExp | undefined]>([
  ['off by itself', { events: shutdown('guest-shutdown') }, 0, false, undefined],
  ['off as asked', { events: shutdown('guest-shutdown'), asked: 'stop' }, 143, false, undefined],
  ['unplugged', { events: shutdown('host-qmp-quit'), asked: 'kill' }, 137, false, undefined],
  ['told by a signal', { events: shutdown('host-signal'), asked: undefined }, 143, false, undefined],
  ['panic', { events: shutdown('guest-panic') }, 134, false, /panicked/],
  ['reset', { events: shutdown('guest-reset') }, 1, false, /reset/],
  ['exit port, 0', { status: 1 }, 0, false, undefined],
  ['exit port, 3', { status: 7 }, 3, false, undefined],
  ['exit port, 127', { status: 255 }, 127, false, undefined],
  ['killed by the kernel for memory', { status: 137, oomKills: 1 }, 137, true, undefined],
  ['killed by somebody', { status: 137 }, 137, false, /signal 9/],
  ['killed by us', { status: 137, asked: 'kill' }, 137, false, undefined],
  ['QEMU crashed', { status: 139 }, 139, false, /signal 11/],
  ['QEMU not found', { status: 126 }, 126, false, /status 126/],
])('%s', (_what, change, code, oomKilled, detail) => {
  const exit = exitOf(end(change));
  expect(exit).toMatchObject({ code, oomKilled, atMs: 5 });
  if (detail) expect(exit.detail).toMatch(detail);
  else expect(exit.detail).toBeUndefined();
});
