import type { ClusterSummary } from '@oak/contracts';
import { FakeClock } from '@oak/reconcile/testing';
import { MemoryStore } from '@oak/store/testing';
import { expect, test } from 'vitest';
import { clustersCollection } from './cluster-record.ts';
import { ClusterRegistry } from './cluster-registry.ts';

const room = { vcpus: 1, memoryMiB: 1, storageMiB: 0, vgpus: 0 };
const summary = (over: Partial<ClusterSummary> = {}): ClusterSummary => ({
  epoch: 1, sequence: 1, location: 'here', nodes: { active: 1, unknown: 0, lost: 0, cordoned: 0 }, total: room, free: room,
  runtimes: [{ virtualization: 'runc', healthy: 1, unhealthy: 0, reasons: [] }], fits: [{ virtualization: 'runc', arch: 'amd64', shapes: [room] }], csiDrivers: [], addons: [], ...over,
});

function registry(clock = new FakeClock(10_000_000)): { clusters: ClusterRegistry; changes: string[]; clock: FakeClock } {
  const changes: string[] = [];
  const clusters = new ClusterRegistry({ clusters: new MemoryStore().collection(clustersCollection), clock, policy: { silentAfterMs: 15_000, lostAfterMs: 60_000 }, newId: () => 'id', onChange: (name) => { changes.push(name); } });
  return { clusters, changes, clock };
}

test('a clock that is set by an hour, either way, silences nobody and tells nothing', async () => {
  const { clusters, changes, clock } = registry();
  await clusters.register('c1', summary(), '1');
  for (const ms of [3_600_000, -7_200_000]) {
    clock.jump(ms);
    await clock.advance(5_000);
    clusters.sweep();
    expect(clusters.lastSeenAtMs(clusters.get('c1')!)).toBe(clock.now() - 5_000);
    clusters.heard('c1');
  }
  expect([changes, clusters.get('c1')?.active]).toEqual([['c1'], true]);
  await clock.advance(15_000);
  clusters.sweep();
  expect(clusters.get('c1')?.active).toBe(false);
});

test('a cluster whose nodes are all closed counts as closed; one with nothing to close does not', async () => {
  const { clusters } = registry();
  await clusters.register('c1', summary(), '1');
  expect(clusters.candidates()).toMatchObject([{ cordoned: false }]);
  await clusters.summarised('c1', summary({ sequence: 2, fits: [], nodes: { active: 1, unknown: 0, lost: 0, cordoned: 1 } }));
  expect(clusters.candidates()).toMatchObject([{ cordoned: true }]);
  await clusters.summarised('c1', summary({ sequence: 3, fits: [], runtimes: [], nodes: { active: 0, unknown: 0, lost: 1, cordoned: 1 } }));
  expect(clusters.candidates()).toMatchObject([{ cordoned: false }]);
});

test('a lost cluster is told once, and counts again when it has registered, not when it is heard', async () => {
  const { clusters, changes, clock } = registry();
  await clusters.register('c1', summary(), '1');
  await clock.advance(15_000);
  clusters.sweep();
  await clock.advance(45_000);
  clusters.sweep();
  clusters.sweep();
  expect([changes, clusters.heard('c1'), clusters.get('c1')]).toMatchObject([['c1', 'c1', 'c1'], false, { active: false, lost: true }]);
  await clusters.register('c1', summary({ sequence: 2 }), '1');
  expect(clusters.get('c1')).toMatchObject({ active: true, lost: false });
});
