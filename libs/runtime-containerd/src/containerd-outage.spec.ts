import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Observed, type Runtime, RuntimeError, type Workload } from '@oak/runtime';
import { aWorkload, type Program, type RuntimeSubject } from '@oak/runtime/testing';
import { allPids, argumentsOf } from './testing/proc.ts';
import { buildTestImage } from './testing/test-image.ts';
import { TestRegistry } from './testing/test-registry.ts';
import { type ContainerdBench, openContainerdBench, routeFor, shellScript } from './testing/containerd-subject.ts';
import { ContainersDefinition } from './gen/containers.ts';
import { SnapshotsDefinition } from './gen/snapshots.ts';
import { containerLabels } from './lifecycle/labels.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const never = new AbortController().signal;
const counting: Program = [{ say: 'up' }, { forever: true }];

let nextId = 0;
const anId = () => `${process.pid.toString(16).padStart(12, '0')}${(nextId++).toString(16).padStart(12, '0')}`;

describe.each(['1.6', '2.3'] as const)('containerd %s', (version) => {
  let bench: ContainerdBench;
  beforeAll(async () => void (bench = await openContainerdBench(version)), 60_000);
  afterAll(() => bench?.close(), 60_000);

  /** Where containerd keeps the task while it lives. */
  const bundleOf = (id: string): string => join(bench.containerd.dir, 'state/io.containerd.runtime.v2.task/oak', id);

  /** Resolves when one of these is there, or the start is over. */
  async function sight(paths: readonly string[], over: Promise<unknown>): Promise<void> {
    let ended = false;
    void over.then(() => { ended = true; });
    while (!ended && !paths.some((path) => existsSync(path))) await turn();
  }

  async function shimsOf(id: string): Promise<number[]> {
    const pids = await allPids();
    const found = await Promise.all(pids.map(async (pid) => {
      const args = await argumentsOf(pid);
      return args[0]?.includes('containerd-shim') === true && args.includes(id);
    }));
    return pids.filter((_pid, index) => found[index]);
  }

  describe.each(['runc', 'crun', 'runsc'])('%s', (handler) => {
    let subject: RuntimeSubject;
    let runtime: Runtime;
    const undo: (() => unknown)[] = [];
    beforeAll(async () => {
      subject = await bench.subject(handler);
      runtime = subject.runtime;
    }, 60_000);
    afterEach(async () => {
      for (let step = undo.pop(); step; step = undo.pop()) await step();
      expect(await subject.leftovers()).toEqual([]);
    }, 60_000);

    function workload(program: Program): Workload {
      const made = { ...aWorkload, id: anId(), name: 'outage', image: subject.images.plain, command: ['/bin/sh', '-c', shellScript(program)], labels: { tier: 'edge' } };
      undo.push(async () => {
        await runtime.remove(made.id, never);
        expect(await shimsOf(made.id)).toEqual([]);
      });
      return made;
    }

    async function attach() {
      const { attachment, detach } = await subject.attach();
      undo.push(detach);
      return attachment;
    }

    const seen = async (id: string): Promise<Observed | undefined> => (await runtime.list(never)).find((one) => one.id === id);

    async function said(id: string, follow: boolean): Promise<string[]> {
      const lines: string[] = [];
      for await (const { text } of runtime.logs(id, { follow }, never)) {
        lines.push(text);
        if (follow) break;
      }
      return lines;
    }

    async function down<T>(use: () => Promise<T>): Promise<T> {
      await bench.containerd.kill();
      try {
        return await use();
      } finally {
        await up();
      }
    }

    /** Calls fail as temporary until the connection is back, at most 2 s later. */
    async function up(): Promise<void> {
      await bench.containerd.start();
      await expect.poll(() => runtime.list(never).then(() => 'answers', () => 'not yet'), { timeout: 10_000 }).toBe('answers');
    }

    test('a killed containerd touches no workload; it is found again and obeys', async () => {
      const made = workload([{ say: 'before' }, { sleepMs: 700 }, { say: 'after' }, { forever: true }]);
      const begun = await runtime.start(made, await attach(), never);
      await said(made.id, true);
      let resyncs = 0;
      const stop = runtime.watch(({ kind }) => void (resyncs += kind === 'resync' ? 1 : 0));
      undo.push(stop);
      await expect.poll(() => resyncs, { timeout: 10_000 }).toBe(1);
      await down(async () => {
        await expect(runtime.list(never)).rejects.toMatchObject({ kind: 'temporary' });
        await expect(runtime.stats(never)).rejects.toMatchObject({ kind: 'temporary' });
        await expect.poll(() => said(made.id, false), { timeout: 10_000 }).toEqual(['before', 'after']);
      });
      expect(await seen(made.id)).toEqual(begun);
      await expect.poll(() => resyncs, { timeout: 10_000 }).toBe(2);
      expect(await runtime.stop(made.id, 20_000, never)).toMatchObject({ code: 143 });
    });

    test.each<[string, readonly string[], number]>([
      ['at once', [], 0], ['a little later', [], 5], ['its folder', ['.'], 0], ['its folder, and a little later', ['.'], 10], ['its shim', ['address', 'bootstrap.json'], 0],
      ['its shim, and a little later', ['address', 'bootstrap.json'], 15], ['its process', ['init.pid'], 0], ['its process, and a little later', ['init.pid'], 10],
    ])('killed in the middle of a start, at first sight of %s: saying it again heals it', async (_what, files, laterMs) => {
      const attachment = await attach();
      const made = workload(counting);
      const starting = runtime.start(made, attachment, never).then(() => undefined, (error: unknown) => error);
      if (files.length > 0) await sight(files.map((file) => join(bundleOf(made.id), file)), starting);
      await pause(laterMs);
      await bench.containerd.kill();
      const failure = await starting;
      if (failure !== undefined) expect(failure).toBeInstanceOf(RuntimeError);
      await up();
      expect((await runtime.start(made, attachment, never)).phase).toBe('running');
      expect(await shimsOf(made.id)).toHaveLength(1);
    });

    test('killed while it stops or removes: saying it again does it', async () => {
      const made = workload([{ ignoreTerm: true }, { say: 'up' }, { forever: true }]);
      await runtime.start(made, await attach(), never);
      await said(made.id, true);
      const stopping = runtime.stop(made.id, 60_000, never).catch((error: unknown) => error);
      await pause(50);
      await bench.containerd.kill();
      expect(await stopping).toMatchObject({ kind: 'temporary' });
      await up();
      expect(await seen(made.id)).toMatchObject({ phase: 'running' });
      const removing = runtime.remove(made.id, never).catch((error: unknown) => error);
      await pause(10);
      await bench.containerd.kill();
      await removing;
      await up();
      await runtime.remove(made.id, never);
      expect(await seen(made.id)).toBeUndefined();
    });

    test('a folder of a task that nobody knows is no hindrance', async () => {
      const made = workload(counting);
      await mkdir(join(bundleOf(made.id), 'rootfs'), { recursive: true });
      await writeFile(join(bundleOf(made.id), 'config.json'), '{}');
      expect((await runtime.start(made, await attach(), never)).phase).toBe('running');
    });

    test('what ends while containerd is down has ended, with its code where containerd still knows it', async () => {
      const made = workload([{ sleepMs: 500 }, { exit: 33 }]);
      const { pid = 0 } = await runtime.start(made, await attach(), never);
      await down(() => expect.poll(async () => (await allPids()).includes(pid), { timeout: 10_000 }).toBe(false));
      await expect.poll(async () => (await seen(made.id))?.phase, { timeout: 10_000 }).toBe('stopped');
      const ended = await seen(made.id);
      expect([33, undefined]).toContain(ended?.exit?.code);
      expect(ended?.labels).toEqual({ tier: 'edge' });
      expect((await seen(made.id))?.exit).toEqual(ended?.exit);
      expect(await runtime.stop(made.id, 100, never)).toEqual(ended?.exit);
      expect((await runtime.start(made, await attach(), never)).phase).toBe('running');
    });

    test('a killed shim ends its workload; the end is seen and cleared', async () => {
      const made = workload(counting);
      await runtime.start(made, await attach(), never);
      await said(made.id, true);
      const [shim = 0] = await shimsOf(made.id);
      process.kill(shim, 'SIGKILL');
      await expect.poll(async () => (await seen(made.id))?.phase, { timeout: 10_000 }).toBe('stopped');
      expect((await runtime.start(made, await attach(), never)).phase).toBe('running');
    });

    // Whose shim it is makes no difference, and each takes four seconds.
    if (handler === 'runc') {
      test('a shim that hangs is removed by force', async () => {
        const made = workload(counting);
        await runtime.start(made, await attach(), never);
        const [shim = 0] = await shimsOf(made.id);
        process.kill(shim, 'SIGSTOP');
        await runtime.remove(made.id, never);
        expect(await shimsOf(made.id)).toEqual([]);
        expect(await seen(made.id)).toBeUndefined();
      });
    }

    test('a container whose start was cut off is seen as ended, and is started anew', async () => {
      const made = workload(counting);
      const { client, images } = bench.runtimes;
      const image = await images.ensure(made.image, { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch }, never);
      await client.call(ContainersDefinition, 'create', { container: {
        id: made.id, labels: containerLabels('x', made.labels, handler, 15), image: image.name, runtime: { name: 'io.containerd.runc.v2' }, snapshotter: images.snapshotter, snapshotKey: `oakestra-${made.id}`,
        spec: { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from('{}') },
      } });
      await client.call(SnapshotsDefinition, 'prepare', { snapshotter: images.snapshotter, key: `oakestra-${made.id}`, parent: image.chainId });
      expect(await seen(made.id)).toMatchObject({ phase: 'stopped', exit: { code: undefined, oomKilled: false } });
      expect((await runtime.start(made, await attach(), never)).phase).toBe('running');
    });

    test('another engine of the node finds what the first one started', async () => {
      const made = workload(counting);
      const begun = await runtime.start(made, await attach(), never);
      const other = bench.engine().runtimeFor(handler, routeFor(bench.containerd, handler));
      expect(await other.list(never)).toEqual([begun]);
      expect(await other.start(made, await attach(), never)).toEqual(begun);
      for await (const { text } of other.logs(made.id, { follow: true }, never)) {
        expect(text).toBe('up');
        break;
      }
      await other.remove(made.id, never);
      expect(await seen(made.id)).toBeUndefined();
    });

    test('runtimes of one containerd see and touch only their own', async () => {
      const made = workload(counting);
      const begun = await runtime.start(made, await attach(), never);
      const other = bench.runtimes.runtimeFor('other', routeFor(bench.containerd, handler));
      expect(await other.list(never)).toEqual([]);
      expect(await other.stats(never)).toEqual([]);
      expect(await other.stop(made.id, 10, never)).toBeUndefined();
      await other.remove(made.id, never);
      await expect(other.start(made, await attach(), never)).rejects.toMatchObject({ kind: 'bug' });
      expect(await seen(made.id)).toEqual(begun);
    });
  });

  test('killed in the middle of a pull: the next one goes on', async () => {
    const registry = await TestRegistry.start();
    try {
      const subject = await bench.subject('runc');
      const { reference } = registry.push('outage/slow', '1', await buildTestImage({ layers: [{ 'bin/': '', 'big': 'x'.repeat(4 << 20) }], compression: 'none' }));
      registry.faults.slowMs = 5;
      const made = { ...aWorkload, id: anId(), name: 'slow', image: reference };
      const pulling = subject.runtime.prepare(made, never).catch((error: unknown) => error);
      await expect.poll(() => registry.count(/blobs/), { timeout: 10_000 }).toBeGreaterThan(0);
      await pause(200);
      await bench.containerd.kill();
      expect(await pulling).toMatchObject({ kind: 'temporary' });
      await bench.containerd.start();
      registry.heal();
      await expect.poll(() => subject.runtime.prepare(made, never).then(() => 'there', String), { timeout: 20_000 }).toBe('there');
      expect(await subject.leftovers()).toEqual([]);
    } finally {
      await registry.close();
    }
  });
});
