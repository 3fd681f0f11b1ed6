import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Runtime } from '@oak/runtime';
import { aWorkload } from '@oak/runtime/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { networkNamespace, openContainerdBench, routeFor, type ContainerdBench } from '../testing/containerd-subject.ts';
import { LogRotation } from './log-rotation.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const never = new AbortController().signal;
const mebibyte = 2 ** 20;
const lineCount = 600_000;

describe.each(['1.6', '2.3'] as const)('containerd %s', (version) => {
  let bench: ContainerdBench;
  beforeAll(async () => { bench = await openContainerdBench(version); });
  afterAll(() => bench?.close());

  /** What the node-engine does on a period, without its pauses. */
  function sweeping(segments: number) {
    const reports: string[] = [];
    const rotation = new LogRotation({ logDir: join(bench.dir, 'logs'), maxBytes: mebibyte, segments, report: (text) => reports.push(text) });
    let over = false;
    const ended = (async () => {
      while (!over) {
        await rotation.sweep(never);
        await pause(5);
      }
    })();
    return { reports, stop: () => { over = true; return ended; } };
  }

  async function chatty(runtime: Runtime, id: string, script: string) {
    const { attachment, detach } = await networkNamespace();
    onTestFinished(detach);
    const workload = { ...aWorkload, id, name: 'chatty', image: bench.images.plain, command: ['/bin/sh', '-c', script] };
    await runtime.prepare(workload, never);
    onTestFinished(() => runtime.remove(id, never));
    await runtime.start(workload, attachment, never);
  }

  const runtimeOf = (engine = bench.runtimes): Runtime => engine.runtimeFor('runc', routeFor(bench.containerd, 'runc'));
  const linesOf = async (runtime: Runtime, id: string, follow: boolean): Promise<string[]> => {
    const lines: string[] = [];
    for await (const { text } of runtime.logs(id, { follow }, never)) lines.push(text);
    return lines;
  };

  test('a chatty container is rotated while it runs, not a line is lost, and its files go with it', async () => {
    const id = 'a'.repeat(24);
    const { reports, stop } = sweeping(1_000);
    onTestFinished(stop);
    await chatty(runtimeOf(), id, `seq 1 ${lineCount}`);
    // Followed by another engine of the same node, as after a restart.
    const followed = await linesOf(runtimeOf(bench.engine()), id, true);
    await stop();
    const dir = join(bench.dir, 'logs', id);
    expect((await readdir(dir)).filter((name) => name.startsWith('stdout.')).length).toBeGreaterThan(2);
    expect((await stat(join(dir, 'stdout'))).blocks * 512).toBeLessThan(2 * mebibyte);
    for (const lines of [followed, await linesOf(runtimeOf(), id, false)]) {
      expect(lines).toHaveLength(lineCount);
      expect(lines.every((line, at) => line === String(at + 1))).toBe(true);
    }
    expect(reports).toEqual([]);
    await runtimeOf().remove(id, never);
    await expect(readdir(dir)).rejects.toThrow(/ENOENT/);
  });

  test('one that never stops writing keeps the disk small, and is removed in the middle of it', async () => {
    const id = 'b'.repeat(24);
    const { stop } = sweeping(2);
    onTestFinished(stop);
    await chatty(runtimeOf(), id, 'yes "the same line again and again"');
    const dir = join(bench.dir, 'logs', id);
    const segments = async () => (await readdir(dir)).filter((name) => name.startsWith('stdout.0'));
    const [first = ''] = await vi.waitFor(async () => { const names = await segments(); expect(names.length).toBeGreaterThan(0); return names; }, { timeout: 20_000 });
    await expect.poll(segments, { timeout: 20_000 }).not.toContain(first);
    await runtimeOf().remove(id, never);
    await stop();
    expect(await readdir(join(bench.dir, 'logs'))).not.toContain(id);
  });
});
