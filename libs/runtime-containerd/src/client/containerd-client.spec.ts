import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ContainersDefinition } from '../gen/containers.ts';
import { LeasesDefinition } from '../gen/leases.ts';
import { NamespacesDefinition } from '../gen/namespaces.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { VersionDefinition } from '../gen/version.ts';
import { startContainerd } from '../testing/private-containerd.ts';
import { ContainerdClient } from './containerd-client.ts';
import { backoffMs, type ContainerdEvent } from './event-subscription.ts';
import { isAlreadyExists, isNotFound, isUnavailable } from './rpc-error.ts';

vi.setConfig({ testTimeout: 30_000 });

async function connected(version: '1.6' | '2.3' = '1.6') {
  const dir = await mkdtemp(join(tmpdir(), 'oak-client-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const containerd = await startContainerd({ version, dir });
  onTestFinished(() => containerd.stop());
  const client = ContainerdClient.connect({ socket: containerd.socket, namespace: 'oak' });
  onTestFinished(() => client.close());
  return { client, containerd };
}

function heard(client: ContainerdClient) {
  const events: ContainerdEvent[] = [];
  const stop = client.events(['topic~="^/snapshot/"'], (event) => events.push(event));
  onTestFinished(stop);
  const resyncs = () => events.filter(({ kind }) => kind === 'resync').length;
  const topics = () => events.flatMap((event) => (event.kind === 'event' ? [event.topic] : []));
  return { stop, resyncs, topics };
}

const keysOf = async (client: ContainerdClient) => {
  const keys: string[] = [];
  for await (const { info } of client.stream(SnapshotsDefinition, 'list', { snapshotter: 'overlayfs' })) keys.push(...info.map(({ name }) => name));
  return keys;
};

test.each(['1.6', '2.3'] as const)('containerd %s: calls, streams, namespaces, leases and errors', async (version) => {
  const { client } = await connected(version);
  expect((await client.call(VersionDefinition, 'version', {})).version).toMatch(version === '1.6' ? /^1\.6/ : /^v?2\.3/);
  const { lease } = await client.call(LeasesDefinition, 'create', { id: 'one', labels: { a: 'b' } });
  expect(lease).toMatchObject({ id: 'one', labels: { a: 'b' } });
  await expect(client.call(LeasesDefinition, 'create', { id: 'one' })).rejects.toSatisfy(isAlreadyExists);
  await client.leased('one').call(SnapshotsDefinition, 'prepare', { snapshotter: 'overlayfs', key: 'kept' });
  expect(await keysOf(client)).toEqual(['kept']);
  expect(await keysOf(client.inNamespace('other'))).toEqual([]);
  await client.call(LeasesDefinition, 'delete', { id: 'one', sync: true });
  expect(await keysOf(client)).toEqual([]);
  await expect(client.call(ContainersDefinition, 'get', { id: 'nobody' })).rejects.toSatisfy(isNotFound);
  await expect(client.call(ContainersDefinition, 'get', { id: 'nobody' })).rejects.toThrow(/Containers\.Get.*"nobody"/);
  expect((await client.call(NamespacesDefinition, 'list', {})).namespaces.map(({ name }) => name)).toContain('oak');
});

test('an aborted call rejects with the reason of its signal', async () => {
  const { client, containerd } = await connected();
  const reason = new Error('no longer wanted');
  await expect(client.call(VersionDefinition, 'version', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  process.kill(containerd.pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(containerd.pid, 'SIGCONT'));
  const controller = new AbortController();
  const hanging = client.call(VersionDefinition, 'version', {}, { signal: controller.signal });
  controller.abort(reason);
  await expect(hanging).rejects.toBe(reason);
  await expect(client.call(VersionDefinition, 'version', {}, { deadlineMs: 50 })).rejects.toMatchObject({ kind: 'temporary' });
});

test('nobody on the socket is temporary, and says where', async () => {
  const client = ContainerdClient.connect({ socket: '/tmp/oak-nobody.sock', namespace: 'oak' });
  onTestFinished(() => client.close());
  const error = await client.call(VersionDefinition, 'version', {}).catch((caught: unknown) => caught);
  expect(error).toSatisfy(isUnavailable);
  expect(error).toMatchObject({ kind: 'temporary', message: expect.stringContaining('/tmp/oak-nobody.sock') as string });
});

test('events: resync first, then what happens; again after a restart of containerd; silence after stop', async () => {
  const { client, containerd } = await connected();
  const { stop, resyncs, topics } = heard(client);
  await vi.waitFor(() => expect(resyncs()).toBe(1), 10_000);
  await client.inNamespace('other').call(SnapshotsDefinition, 'prepare', { snapshotter: 'overlayfs', key: 'foreign' });
  // Without a lease the collection at the restart would take it.
  await client.call(LeasesDefinition, 'create', { id: 'one' });
  await client.leased('one').call(SnapshotsDefinition, 'prepare', { snapshotter: 'overlayfs', key: 'own' });
  await vi.waitFor(() => expect(topics()).toEqual(['/snapshot/prepare']), 10_000);
  await containerd.restart();
  await vi.waitFor(() => expect(resyncs()).toBe(2), 10_000);
  await client.call(SnapshotsDefinition, 'remove', { snapshotter: 'overlayfs', key: 'own' });
  await vi.waitFor(() => expect(topics()).toEqual(['/snapshot/prepare', '/snapshot/remove']), 10_000);
  stop();
  await client.call(SnapshotsDefinition, 'prepare', { snapshotter: 'overlayfs', key: 'unheard' });
  const later = heard(client);
  await vi.waitFor(() => expect(later.resyncs()).toBe(1), 10_000);
  expect(topics()).toHaveLength(2);
});

test('a subscription begins before containerd does', async () => {
  const { client, containerd } = await connected();
  await containerd.kill();
  const { resyncs } = heard(client);
  await expect(client.call(VersionDefinition, 'version', {})).rejects.toSatisfy(isUnavailable);
  expect(resyncs()).toBe(0);
  await containerd.start();
  await vi.waitFor(() => expect(resyncs()).toBe(1), 10_000);
});

test('pauses between attempts grow to 5 s and keep a jitter of half', () => {
  expect([0, 1, 2, 20].map((failures) => backoffMs(failures, 1))).toEqual([100, 200, 400, 5000]);
  expect(backoffMs(20, 0)).toBe(2500);
});
