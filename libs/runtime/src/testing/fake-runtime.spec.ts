import { expect, test } from 'vitest';
import { RuntimeError } from '../runtime-error.ts';
import { FakeRuntime, fakeCommand } from './fake-runtime.ts';
import type { FakeRuntimeClock } from './fake-process.ts';
import { runtimeConformance } from './runtime-conformance.ts';
import { aWorkload, type RuntimeSubject } from './runtime-subject.ts';

const realTime: FakeRuntimeClock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const never = new AbortController().signal;
const attachment = { netnsPath: '', hosts: [], nameservers: [], searchDomains: [] };
const one = { ...aWorkload, id: 'a'.repeat(24), name: 'one', image: 'plain' };

async function subject(): Promise<RuntimeSubject> {
  const runtime = new FakeRuntime({ clock: realTime });
  const strict = new FakeRuntime({ clock: realTime, capabilities: { privileged: false } });
  const environment = ['GREETING=hello', 'COLOUR=red'];
  for (const images of [runtime.images, strict.images]) {
    images.set('plain', {});
    images.set('user', { user: '1234:1235' });
    images.set('defaults', { environment, program: [{ say: 'hello from the image' }, { show: 'environment' }] });
    images.set('directory', { directory: '/srv/app' });
  }
  runtime.missingCommands.add('/no/such/command');
  return Promise.resolve({
    runtime, strict,
    images: { plain: 'plain', user: 'user', defaults: 'defaults', directory: 'directory', missing: 'registry.example/missing:1' },
    command: fakeCommand,
    missingCommand: ['/no/such/command'],
    attach: () => Promise.resolve({ attachment, detach: () => Promise.resolve() }),
    leftovers: async () => (await runtime.list(never)).map(({ id }) => id),
    close: () => Promise.resolve(),
  });
}

runtimeConformance('FakeRuntime', subject, { volumes: false, networks: false });

test('faults are used up in order and change nothing', async () => {
  const runtime = new FakeRuntime({ clock: realTime });
  runtime.images.set('plain', {});
  runtime.failNext('start', new RuntimeError('temporary', 'disk full'));
  runtime.failNext('list', new RuntimeError('temporary', 'daemon away'));
  await expect(runtime.start(one, attachment, never)).rejects.toThrow('disk full');
  await expect(runtime.list(never)).rejects.toThrow('daemon away');
  expect(await runtime.list(never)).toEqual([]);
  await runtime.start(one, attachment, never);
  expect(runtime.calls.map(({ verb }) => verb)).toEqual(['start', 'list', 'list', 'start', 'prepare']);
});

test('an end out of the blue, with and without a witness', async () => {
  const runtime = new FakeRuntime({ clock: realTime });
  runtime.images.set('plain', {});
  await runtime.start(one, attachment, never);
  runtime.end(one.id, { code: 137, oomKilled: true });
  expect((await runtime.list(never))[0]?.exit).toMatchObject({ code: 137, oomKilled: true });
  await runtime.start(one, attachment, never);
  runtime.end(one.id, { code: undefined });
  expect((await runtime.list(never))[0]?.exit).toMatchObject({ code: undefined, oomKilled: false });
});

test('a slow pull takes the time of the given clock, once', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const runtime = new FakeRuntime({ clock: { now: () => 0, after: (ms, run) => (timers.push({ ms, run }), () => undefined) } });
  runtime.images.set('plain', { pullMs: 5000 });
  const pulling = runtime.prepare(one, never);
  expect(timers).toMatchObject([{ ms: 5000 }]);
  timers[0]?.run();
  await pulling;
  await runtime.prepare(one, never);
  expect(timers).toHaveLength(1);
});
