import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RuntimeError } from '../runtime-error.ts';
import type { LogLine, Observed, RuntimeEvent, Workload } from '../runtime.ts';
import type { Program } from './program.ts';
import { aWorkload, type RuntimeSubject, type SubjectTraits } from './runtime-subject.ts';

const never = new AbortController().signal;
const patience = { timeout: 30_000 };
const forever: Program = [{ forever: true }];

let nextId = 0;
/** 24 hexadecimal characters, unique in this process and told apart from those of others. */
const anId = (): string => (process.pid.toString(16).padStart(8, '0') + (nextId++).toString(16)).padEnd(24, '0').slice(0, 24);

export function runtimeConformance(name: string, factory: () => Promise<RuntimeSubject>, traits: SubjectTraits = {}): void {
  describe(`${name} keeps the runtime's promises`, patience, () => {
    let subject: RuntimeSubject;
    beforeAll(async () => void (subject = await factory()), 60_000);
    afterAll(() => subject?.close(), 60_000);
    const undo: (() => unknown)[] = [];
    const afterwards = (step: () => unknown) => void undo.push(step);
    afterEach(async () => {
      for (let step = undo.pop(); step; step = undo.pop()) await step();
      expect(await subject.leftovers()).toEqual([]);
    }, 30_000);

    const has = (trait: keyof SubjectTraits) => traits[trait] ?? true;

    function workload(program: Program | undefined, change: Partial<Workload> = {}): Workload {
      const id = anId();
      const command = program === undefined ? [] : subject.command(program);
      const made = { ...aWorkload, id, name: `conformance ${id}`, image: subject.images.plain, command, ...change };
      afterwards(() => subject.runtime.remove(made.id, never));
      return made;
    }

    async function attach() {
      const { attachment, detach } = await subject.attach();
      afterwards(detach);
      return attachment;
    }

    async function begin(program: Program | undefined, change: Partial<Workload> = {}) {
      const made = workload(program, change);
      await subject.runtime.prepare(made, never);
      const observed = await subject.runtime.start(made, await attach(), never);
      return { workload: made, id: made.id, observed };
    }

    const seen = async (id: string) => (await subject.runtime.list(never)).find((one) => one.id === id);

    /** Waits, by the runtime's own events, until the workload is stopped. */
    async function ended(id: string): Promise<Observed> {
      let stop: () => void = () => undefined;
      try {
        return await new Promise<Observed>((resolve, reject) => {
          const look = () => void seen(id).then((one) => one?.phase === 'stopped' && resolve(one), reject);
          stop = subject.runtime.watch(look);
          look();
        });
      } finally {
        stop();
      }
    }

    async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
      const all: LogLine[] = [];
      for await (const line of lines) all.push(line);
      return all;
    }

    async function saidBy(id: string): Promise<string[]> {
      const lines = await collect(subject.runtime.logs(id, { follow: true }, never));
      return lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
    }

    async function failure(attempt: Promise<unknown>): Promise<RuntimeError> {
      const error: unknown = await attempt.then(() => new Error('no failure'), (reason: unknown) => reason);
      expect(error).toBeInstanceOf(RuntimeError);
      return error as RuntimeError;
    }

    test('describes itself', () => {
      const { virtualization, route } = subject.runtime.describe();
      expect(virtualization).toBe(subject.runtime.virtualization);
      expect(route).not.toBe('');
    });

    test('lives once: prepare, start, list, stop, remove', async () => {
      const labels = { instance: 'web-0', odd: 'ü "quoted" = , \n line', long: 'x'.repeat(2000) };
      const { id, observed } = await begin(forever, { labels });
      expect(observed).toMatchObject({ id, phase: 'running', labels, virtualization: subject.runtime.virtualization, exit: undefined });
      expect(observed.pid).toBeGreaterThan(0);
      expect(await seen(id)).toEqual(observed);
      await subject.runtime.stop(id, 10_000, never);
      const stopped = await seen(id);
      expect(stopped).toMatchObject({ id, phase: 'stopped', labels, pid: undefined });
      expect(stopped?.exit).toBeDefined();
      await subject.runtime.remove(id, never);
      expect(await seen(id)).toBeUndefined();
    });

    test('every verb may be said twice', async () => {
      const { workload: made, id, observed } = await begin(forever);
      await subject.runtime.prepare(made, never);
      expect(await subject.runtime.start(made, await attach(), never)).toEqual(observed);
      const exit = await subject.runtime.stop(id, 10_000, never);
      expect(await subject.runtime.stop(id, 10_000, never)).toEqual(exit);
      await subject.runtime.remove(id, never);
      await subject.runtime.remove(id, never);
    });

    test('the same verb at once from two sides is one', async () => {
      const made = workload(forever);
      const attachment = await attach();
      const both = await Promise.all([subject.runtime.start(made, attachment, never), subject.runtime.start(made, attachment, never)]);
      expect(both[0]).toEqual(both[1]);
      await Promise.all([subject.runtime.remove(made.id, never), subject.runtime.remove(made.id, never)]);
    });

    test('unknown ids are stopped and removed already, and have said nothing', async () => {
      const id = anId();
      expect(await subject.runtime.stop(id, 1000, never)).toBeUndefined();
      await subject.runtime.remove(id, never);
      expect(await collect(subject.runtime.logs(id, {}, never))).toEqual([]);
      expect(await collect(subject.runtime.logs(id, { follow: true }, never))).toEqual([]);
    });

    test('remove ends what runs', async () => {
      const { id } = await begin([{ ignoreTerm: true }, { forever: true }]);
      await subject.runtime.remove(id, never);
      expect(await seen(id)).toBeUndefined();
    });

    test('one that ends by itself is seen by watch and by list, with its code', async () => {
      const events: RuntimeEvent[] = [];
      afterwards(subject.runtime.watch((event) => events.push(event)));
      const { id } = await begin([{ sleepMs: 100 }, { exit: 7 }]);
      const observed = await ended(id);
      expect(observed.exit).toMatchObject({ code: 7, oomKilled: false });
      expect(observed.exit?.atMs).toBeGreaterThan(observed.startedAtMs ?? Infinity);
      await expect.poll(() => events, { timeout: 5000 }).toContainEqual({ id, kind: 'exited' });
      expect(events).toContainEqual({ id, kind: 'started' });
      expect(await subject.runtime.stop(id, 1000, never)).toEqual(observed.exit);
    });

    test('a watch begins with resync, and is silent once stopped', async () => {
      const events: RuntimeEvent[] = [];
      const stop = subject.runtime.watch((event) => events.push(event));
      await expect.poll(() => events, { timeout: 5000 }).toContainEqual({ id: undefined, kind: 'resync' });
      stop();
      const before = events.length;
      const { id } = await begin([{ exit: 0 }]);
      await ended(id);
      expect(events).toHaveLength(before);
    });

    test('a program that ends at once has its code told too', async () => {
      const { id } = await begin([{ exit: 3 }]);
      expect((await ended(id)).exit).toMatchObject({ code: 3, oomKilled: false });
    });

    test('what was stopped starts anew, with a fresh file system and its old log', async () => {
      const program: Program = [{ count: '/counted' }, { exit: 1 }];
      const { workload: made, id, observed } = await begin(program);
      await ended(id);
      const again = await subject.runtime.start(made, await attach(), never);
      // One that ended at once may have no process to show.
      expect({ ...again, exit: undefined }).not.toEqual({ ...observed, exit: undefined });
      await ended(id);
      expect(await saidBy(id)).toEqual(['1', '1']);
    });

    if (has('signals')) {
      test('stop gives SIGTERM a chance', async () => {
        const { id } = await begin([{ say: 'up' }, { forever: true }]);
        await firstLine(id);
        expect(await subject.runtime.stop(id, 20_000, never)).toMatchObject({ code: 143, oomKilled: false });
      });

      test('stop kills one that ignores SIGTERM', async () => {
        const { id } = await begin([{ ignoreTerm: true }, { say: 'up' }, { forever: true }]);
        await firstLine(id);
        expect(await subject.runtime.stop(id, 300, never)).toMatchObject({ code: 137, oomKilled: false });
      });
    }

    async function firstLine(id: string): Promise<void> {
      for await (const _line of subject.runtime.logs(id, { follow: true }, never)) return;
    }

    test('a long stop can be aborted, and remove finishes it', async () => {
      const { id } = await begin([{ ignoreTerm: true }, { say: 'up' }, { forever: true }]);
      await firstLine(id);
      const aborting = new AbortController();
      const stopping = subject.runtime.stop(id, 60_000, aborting.signal);
      aborting.abort(new Error('enough'));
      await expect(stopping).rejects.toThrow('enough');
      await subject.runtime.remove(id, never);
    });

    test('logs: tail, without an end of line, and after the end', async () => {
      const { id } = await begin([{ say: 'one' }, { say: 'two' }, { say: 'three' }, { exit: 0 }]);
      await ended(id);
      expect(await saidBy(id)).toEqual(['one', 'two', 'three']);
      expect(await collect(subject.runtime.logs(id, { tail: 2 }, never))).toEqual([{ stream: 'stdout', text: 'two' }, { stream: 'stdout', text: 'three' }]);
      expect(await collect(subject.runtime.logs(id, { tail: 0 }, never))).toEqual([]);
      expect(await collect(subject.runtime.logs(id, { tail: 99 }, never))).toHaveLength(3);
    });

    test('logs of a former life stay when they shall, are followed by those of the next, and go with the workload', async () => {
      const first = workload([{ say: 'first life' }, { exit: 1 }]);
      await subject.runtime.prepare(first, never);
      await subject.runtime.start(first, await attach(), never);
      afterwards(() => subject.runtime.remove(first.id, never));
      await ended(first.id);
      await subject.runtime.remove(first.id, never, { keepLogs: true });
      expect(await seen(first.id)).toBeUndefined();
      expect((await collect(subject.runtime.logs(first.id, {}, never))).map(({ text }) => text)).toEqual(['first life']);
      await subject.runtime.start(first, await attach(), never);
      await ended(first.id);
      expect((await collect(subject.runtime.logs(first.id, {}, never))).map(({ text }) => text)).toEqual(['first life', 'first life']);
      await subject.runtime.remove(first.id, never);
      expect(await collect(subject.runtime.logs(first.id, {}, never))).toEqual([]);
    });

    if (has('standardError')) {
      test('logs tell the two streams apart', async () => {
        const { id } = await begin([{ say: 'fine' }, { say: 'wrong', to: 'stderr' }, { exit: 0 }]);
        const lines = await collect(subject.runtime.logs(id, { follow: true }, never));
        expect(lines).toHaveLength(2);
        expect(lines).toEqual(expect.arrayContaining([{ stream: 'stdout', text: 'fine' }, { stream: 'stderr', text: 'wrong' }]));
      });
    }

    test('logs follow what is said later, and end with the workload', async () => {
      const { id } = await begin([{ say: 'early' }, { sleepMs: 300 }, { say: 'late' }, { exit: 0 }]);
      expect(await saidBy(id)).toEqual(['early', 'late']);
    });

    test('following logs can be aborted', async () => {
      const { id } = await begin([{ say: 'only' }, { forever: true }]);
      const aborting = new AbortController();
      const lines: string[] = [];
      const reading = (async () => {
        for await (const { text } of subject.runtime.logs(id, { follow: true }, aborting.signal)) {
          lines.push(text);
          setTimeout(() => aborting.abort(new Error('read enough')), 10);
        }
      })();
      await expect(reading).rejects.toThrow('read enough');
      expect(lines).toEqual(['only']);
    });

    test('stats count what runs', async () => {
      const { id } = await begin(forever, { limits: { vcpus: 0, memoryMiB: 128 } });
      const stats = (await subject.runtime.stats(never)).find((one) => one.id === id);
      expect(stats?.memoryBytes).toBeGreaterThan(0);
      expect(stats?.cpuMs).toBeGreaterThanOrEqual(0);
      expect(stats?.oomKills).toBe(0);
      expect(stats?.memoryLimitBytes).toBeGreaterThanOrEqual(128 * 2 ** 20);
      await subject.runtime.stop(id, 5000, never);
      expect((await subject.runtime.stats(never)).find((one) => one.id === id)).toBeUndefined();
    });

    if (has('memoryLimits')) {
      test('more memory than allowed ends it, and the end says so', async () => {
        const events: RuntimeEvent[] = [];
        afterwards(subject.runtime.watch((event) => events.push(event)));
        const { id } = await begin([{ sleepMs: 100 }, { eatMemoryMiB: 400 }, { say: 'survived' }], { limits: { vcpus: 0, memoryMiB: 64 } });
        expect((await ended(id)).exit).toMatchObject({ code: 137, oomKilled: true });
        expect(await saidBy(id)).toEqual([]);
        expect(events.filter((event) => event.id === id && event.kind === 'out-of-memory').length).toBeLessThanOrEqual(1);
      });
    }

    test('memory inside the limit is given', async () => {
      const { id } = await begin([{ eatMemoryMiB: 32 }, { say: 'survived' }, { exit: 0 }], { limits: { vcpus: 1, memoryMiB: 128 } });
      expect(await saidBy(id)).toEqual(['survived']);
    });

    test('the environment of the workload lies over that of the image', async () => {
      const { id } = await begin([{ show: 'environment' }], { image: subject.images.defaults, environment: ['COLOUR=blue', 'EMPTY=', 'SPACED=a b=c'] });
      expect(await saidBy(id)).toEqual(expect.arrayContaining(['GREETING=hello', 'COLOUR=blue', 'EMPTY=', 'SPACED=a b=c']));
      expect(await saidBy(id)).not.toContain('COLOUR=red');
    });

    test('without a command the image decides', async () => {
      const { id } = await begin(undefined, { image: subject.images.defaults });
      expect(await saidBy(id)).toEqual(expect.arrayContaining(['hello from the image', 'GREETING=hello', 'COLOUR=red']));
    });

    test('the directory is the one of the image', async () => {
      const { id } = await begin([{ show: 'directory' }], { image: subject.images.directory });
      expect(await saidBy(id)).toEqual(['/srv/app']);
    });

    if (has('users')) {
      test('the user is the one of the image, by name', async () => {
        const { id } = await begin([{ show: 'user' }], { image: subject.images.user });
        expect(await saidBy(id)).toEqual(['1234:1235']);
      });
    }

    if (has('namesFiles')) {
      test('hostname, hosts and name servers are those of the attachment', async () => {
        const made = workload([{ show: 'hostname' }, { show: 'hosts' }, { show: 'nameservers' }], { hostname: 'web-0' });
        const attachment = {
          ...(await attach()), hosts: [{ address: '10.30.1.2', names: ['db.shop', 'db'] }], nameservers: ['10.18.0.1', 'fc00::1'], searchDomains: ['shop'],
        };
        await subject.runtime.start(made, attachment, never);
        expect(await saidBy(made.id)).toEqual(expect.arrayContaining(['web-0', '10.30.1.2 db.shop db', '10.18.0.1', 'fc00::1']));
      });
    }

    if (has('privileged')) {
      test('privileged gives every capability', async () => {
        const { id } = await begin([{ show: 'capabilities' }], { privileged: true });
        expect(await saidBy(id)).toEqual(['all']);
      });

      test('without privileged there are few', async () => {
        const { id } = await begin([{ show: 'capabilities' }]);
        expect(await saidBy(id)).toEqual(['default']);
      });
    }

    test('a node that does not allow privileged workloads rejects them', async () => {
      const made = workload(forever, { privileged: true });
      const error = await failure(subject.strict.start(made, await attach(), never));
      expect(error.kind).toBe('rejected');
    });

    test('an image that does not exist is invalid, and is named', async () => {
      const error = await failure(subject.runtime.prepare(workload(forever, { image: subject.images.missing }), never));
      expect(error.kind).toBe('invalid');
      expect(error.message).toContain(subject.images.missing.split('/').at(-1)?.split(':')[0]);
    });

    if (has('commands')) {
      test('a command that does not exist is a failure that names it and leaves nothing', async () => {
        const made = workload(undefined, { command: subject.missingCommand });
        const error = await failure(subject.runtime.start(made, await attach(), never));
        expect(error.kind).toBe('failed');
        expect(error.message).toContain(subject.missingCommand[0]);
        expect(await subject.leftovers()).toEqual([]);
      });
    }

    if (has('networks')) {
      test('a network that does not exist is a failure that leaves nothing', async () => {
        const nowhere = { netnsPath: '/run/netns/oak-no-such-network', hosts: [], nameservers: [], searchDomains: [] };
        const error = await failure(subject.runtime.start(workload(forever), nowhere, never));
        expect(error.kind).toBe('failed');
        expect(error.message).toContain('oak-no-such-network');
        expect(await subject.leftovers()).toEqual([]);
      });
    }

    test('an aborted signal rejects every verb with its reason, and nothing begins', async () => {
      const aborted = AbortSignal.abort(new Error('not now'));
      const made = workload(forever);
      const attachment = await attach();
      await expect(subject.runtime.prepare(made, aborted)).rejects.toThrow('not now');
      await expect(subject.runtime.start(made, attachment, aborted)).rejects.toThrow('not now');
      await expect(subject.runtime.stop(made.id, 10, aborted)).rejects.toThrow('not now');
      await expect(subject.runtime.list(aborted)).rejects.toThrow('not now');
      await expect(subject.runtime.stats(aborted)).rejects.toThrow('not now');
      expect(await subject.leftovers()).toEqual([]);
    });

    test('a start that is aborted on the way either stands or leaves nothing', async () => {
      for (const afterMs of [0, 2, 5, 20, 60]) {
        const made = workload(forever);
        const aborting = new AbortController();
        const starting = subject.runtime.start(made, await attach(), aborting.signal).then(() => true, () => false);
        setTimeout(() => aborting.abort(new Error('too slow')), afterMs);
        const stands = await starting;
        expect((await seen(made.id))?.phase).toBe(stands ? 'running' : undefined);
        await subject.runtime.remove(made.id, never);
        expect(await subject.leftovers()).toEqual([]);
      }
    });

    test('many at once do not disturb each other', async () => {
      const codes = [11, 12, 13, 14, 15, 16];
      const all = await Promise.all(codes.map((exit) => begin([{ say: `code ${exit}` }, { exit }])));
      const observed = await Promise.all(all.map(({ id }) => ended(id)));
      expect(observed.map(({ exit }) => exit?.code)).toEqual(codes);
      expect(await Promise.all(all.map(({ id }) => saidBy(id)))).toEqual(codes.map((code) => [`code ${code}`]));
      await Promise.all(all.map(({ id }) => subject.runtime.remove(id, never)));
      expect(await subject.leftovers()).toEqual([]);
    });

    if (has('volumes')) {
      const program: Program = [{ read: '/volume/greeting' }, { write: '/volume/answer' }];

      test('a folder of the host is mounted', async () => {
        const { id } = await begin(program, { mounts: [{ source: subject.volume ?? '', target: '/volume', readOnly: false }] });
        expect(await saidBy(id)).toEqual(['from the host', 'written']);
      });

      test('a read-only mount stays as it is', async () => {
        const { id } = await begin(program, { mounts: [{ source: subject.volume ?? '', target: '/volume', readOnly: true }] });
        expect(await saidBy(id)).toEqual(['from the host', 'refused']);
      });
    }
  });
}
