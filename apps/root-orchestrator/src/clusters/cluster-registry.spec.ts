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

test('a cluster whose nodes are all closed counts as closed; one with nothing to close does not', async () => {
  const clusters = new ClusterRegistry({ clusters: new MemoryStore().collection(clustersCollection), clock: new FakeClock(), silentAfterMs: 15_000, newId: () => 'id', onChange: () => undefined });
  await clusters.register('c1', summary(), '1');
  expect(clusters.candidates()).toMatchObject([{ cordoned: false }]);
  await clusters.summarised('c1', summary({ sequence: 2, fits: [], nodes: { active: 1, unknown: 0, lost: 0, cordoned: 1 } }));
  expect(clusters.candidates()).toMatchObject([{ cordoned: true }]);
  await clusters.summarised('c1', summary({ sequence: 3, fits: [], runtimes: [], nodes: { active: 0, unknown: 0, lost: 1, cordoned: 1 } }));
  expect(clusters.candidates()).toMatchObject([{ cordoned: false }]);
});
