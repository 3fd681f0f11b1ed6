import type { Fingerprint } from '@oak/contracts';
import { FakeClock } from '@oak/reconcile/testing';
import { MemoryStore, type MemoryDisk } from '@oak/store/testing';
import { expect, test } from 'vitest';
import { nodesCollection } from './node-record.ts';
import { NodeRegistry } from './node-registry.ts';

const total = { vcpus: 1, memoryMiB: 1, storageMiB: 1, vgpus: 0 };
const fingerprint = (sequence = 1): Fingerprint => ({
  epoch: 1, sequence, description: { hostname: 'h', arch: 'amd64', kernel: 'k', version: 'v', total, csiDrivers: [], addons: [], labels: { sequence: String(sequence) } }, runtimes: [],
});

function registry(disk: MemoryDisk = new Map(), clock = new FakeClock(10_000_000)): { nodes: NodeRegistry; changes: string[]; clock: FakeClock } {
  const changes: string[] = [];
  const onChange = (name: string, before: { cordoned: boolean } | undefined, now: { cordoned: boolean }): void => { changes.push(`${name} ${before?.cordoned ?? '-'} ${now.cordoned}`); };
  const nodes = new NodeRegistry({ nodes: new MemoryStore(disk).collection(nodesCollection), clock, policy: { unknownAfterMs: 3_500, lostAfterMs: 5_000 }, onChange, onRoom: () => undefined });
  return { nodes, changes, clock };
}

test('a cordon is told, and outlives a restart of the cluster and a new registration of the node', async () => {
  const disk: MemoryDisk = new Map();
  const first = registry(disk);
  await first.nodes.register('n1', fingerprint());
  await first.nodes.cordon('n1', true);
  expect(first.nodes.candidates()).toMatchObject([{ cordoned: true }]);
  const second = registry(disk);
  await second.nodes.load([]);
  await second.nodes.register('n1', fingerprint(2));
  expect(second.nodes.view('n1', [])).toMatchObject({ cordoned: true, state: 'active', description: { labels: { sequence: '2' } } });
  await second.nodes.cordon('n1', false);
  expect(second.nodes.candidates()).toMatchObject([{ cordoned: false }]);
  expect(first.changes.at(-1)).toBe('n1 false true');
  expect(second.changes.at(-1)).toBe('n1 true false');
});

test('changes of one turn do not undo each other', async () => {
  const { nodes, clock } = registry();
  await nodes.register('n1', fingerprint());
  await clock.advance(4_000);
  await Promise.all([nodes.sweep(), nodes.cordon('n1', true), nodes.fingerprint('n1', fingerprint(2))]);
  expect(nodes.view('n1', [])).toMatchObject({ cordoned: true, state: 'unknown', description: { labels: { sequence: '2' } } });
});

test('a clock that is set by an hour, either way, loses nobody and tells nothing', async () => {
  const { nodes, changes, clock } = registry();
  await nodes.register('n1', fingerprint());
  for (const ms of [3_600_000, -7_200_000]) {
    clock.jump(ms);
    await clock.advance(1_500);
    await nodes.sweep();
    expect(nodes.view('n1', [])).toMatchObject({ state: 'active', lastSeenAtMs: clock.now() - 1_500 });
    nodes.heard('n1');
  }
  expect(changes).toEqual(['n1 - false']);
  await clock.advance(5_000);
  await nodes.sweep();
  expect(nodes.get('n1')?.state).toBe('lost');
});

test('nobody is made by a cordon', async () => {
  const { nodes, changes } = registry();
  await nodes.cordon('n1', true);
  expect([nodes.names(), changes]).toEqual([[], []]);
});
