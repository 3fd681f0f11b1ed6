import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { nodeNetwork, nodeRoutes, nodeTrace, type NodeNetworkAnswer, type NodeNetworkQuestion, type Routes, type ServiceRoute } from '@oak/contracts';
import { MemoryNetwork } from '@oak/messaging/testing';
import type { NetStatus } from '@oak/net-api';
import { StateDir } from '@oak/process';
import { FakeClock } from '@oak/reconcile/testing';
import { Datapath } from './datapath/datapath.ts';
import type { Kernel } from './datapath/kernel.ts';
import { KeptDistances } from './distance/kept-distances.ts';
import { Encryption } from './encryption/encryption.ts';
import type { Run } from './datapath/run.ts';
import { Net } from './net.ts';
import { Nftables } from './netlink/nftables.ts';
import { KnownNetwork } from './routes/known-network.ts';
import { clusterSource, staticSource, type NetworkSource } from './routes/network-source.ts';

const subnet = { v4: '10.18.0.0/26', v6: 'fc00::/120' };
const undo: (() => unknown)[] = [];
afterEach(async () => { for (const step of undo.splice(0).toReversed()) await step(); });

function stateDir(): StateDir {
  const path = mkdtempSync(join(tmpdir(), 'oak-net-'));
  undo.push(() => { rmSync(path, { recursive: true, force: true }); });
  return new StateDir(path);
}
/** A machine whose tools can not even read the kernel: nothing real is touched. */
const broken: Run = () => Promise.resolve({ code: 1, stdout: '', stderr: 'Operation not permitted' });
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

const answer: NodeNetworkAnswer = { subnets: [subnet], nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] } };
const all = { can: { services: true, guard: true, tunnels: true }, problems: [] };
/** A cluster that answers as told. */
const asking = (ask: NetworkSource['ask']): NetworkSource => ({ ask, hear: () => () => Promise.resolve(), explain: () => () => Promise.resolve() });

function brokenDatapath(): Datapath {
  return new Datapath({ bridge: 'oak0', tunnelPort: 50_103, mtu: 1450, encrypted: false }, broken, new Nftables({ send: () => { throw new Error('broken'); }, receive: () => undefined, close: () => undefined }));
}

/** One whose kernel is empty and takes everything. */
function willingDatapath() {
  const datapath = brokenDatapath();
  const kernel: Kernel = { bridge: undefined, links: [], tunnels: new Map(), tables: { inet: undefined, bridge: undefined }, guards: new Set(), items: new Map() };
  return {
    datapath, read: vi.spyOn(datapath, 'read').mockResolvedValue(kernel), converge: vi.spyOn(datapath, 'converge').mockResolvedValue([]),
    change: vi.spyOn(datapath, 'change').mockResolvedValue(), forget: vi.spyOn(datapath, 'forget').mockResolvedValue(),
  };
}

const backend = { id: 'e'.repeat(24), instanceNumber: 0, ipv4: '10.30.0.1', ipv6: 'fdff::1', namespaceIpv4: '10.18.1.2', cluster: 'c1', node: 'n8' };
const service = (...backends: ServiceRoute['backends']): ServiceRoute => ({
  kind: 'service', id: 'b'.repeat(24), name: 'shop.prod.web.prod', applicationId: 'a'.repeat(24), organisation: 'acme', policy: 'isolated', affinity: 'none', backends, addresses: { roundRobin: { ipv4: '10.30.200.1', ipv6: 'fdff:2000::1' } },
});

function netOf(source: NetworkSource, clock = new FakeClock(), state = stateDir(), datapath = brokenDatapath()) {
  const known = new KnownNetwork(state, clock, () => undefined);
  const net = new Net({
    datapath, probed: all, encryption: new Encryption({ mode: 'off', kind: 'none', lacking: '', device: undefined, publicKey: undefined, port: 51_820 }),
    place: { cluster: 'c1', node: 'n7' }, tunnel: {}, graceMs: 2000, known, distances: new KeptDistances(state, () => undefined), source, clock, random: { next: () => 0 }, log: silent,
  });
  undo.push(() => net.stop());
  const heard: NetStatus[] = [];
  undo.push(net.watch((status) => heard.push(status)));
  return { net, heard, clock, known };
}

test('a kernel that can not be read is never taken for an empty one: not ready, nobody is attached', async () => {
  const { net } = netOf(staticSource(subnet));
  await net.start();
  expect(net.status()).toMatchObject({ ready: false, problem: expect.stringContaining('Operation not permitted') as string });
  await expect(net.attach({ instanceId: 'a'.repeat(24), name: 'x', ports: [] })).rejects.toMatchObject({ kind: 'temporary', message: expect.stringContaining('not ready') as string });
  await expect(net.list()).rejects.toMatchObject({ kind: 'temporary' });
});

test('a cluster that is away is asked again, and the status says so meanwhile', async () => {
  let asked = 0;
  const { net, heard, clock } = netOf(asking(() => { asked += 1; return asked < 3 ? Promise.reject(new Error('nobody there')) : Promise.resolve(answer); }));
  await net.start();
  await vi.waitFor(() => { expect(heard.at(-1)?.problem).toContain('no subnet yet: nobody there'); });
  for (let pass = 0; pass < 3; pass += 1) await clock.advance(60_000);
  await vi.waitFor(() => { expect(asked).toBeGreaterThanOrEqual(3); });
});

test('the subnet of the last time serves while the cluster is away', async () => {
  const state = stateDir();
  new KnownNetwork(state, new FakeClock(), () => undefined).learnAddresses(answer);
  const { net } = netOf(asking(() => Promise.reject(new Error('nobody there'))), new FakeClock(), state);
  await net.start();
  expect(net.status()).toMatchObject({ subnetV4: subnet.v4, subnetV6: subnet.v6, problem: expect.not.stringContaining('subnet') as string });
});

test('the cluster is asked as the node that the credentials name', async () => {
  const network = new MemoryNetwork();
  const [cluster, node] = [network.connect('cluster'), network.connect('node')];
  undo.push(() => cluster.drain(), () => node.drain());
  const seen: [readonly string[], NodeNetworkQuestion][] = [];
  cluster.serve(nodeNetwork, ['c1'], (question, { tokens }) => { seen.push([tokens, question]); return answer; });
  expect(await clusterSource(node, 'c1', 'n7').ask({ full: true })).toEqual(answer);
  expect(seen).toEqual([[['c1', 'n7'], { full: true }]]);
});

test('a comparison that fails while addresses are learnt is made again at once', async () => {
  const { datapath, read, converge } = willingDatapath();
  let told = answer;
  const { net, clock } = netOf(asking(() => Promise.resolve(told)), new FakeClock(), stateDir(), datapath);
  await net.start();
  await clock.advance(1);
  await vi.waitFor(() => { expect(converge.mock.lastCall?.[0].ranges).toEqual([subnet.v4, subnet.v6]); });
  await clock.advance(1);
  const more = { v4: '10.18.0.64/26', v6: 'fc00::100/120' };
  told = { ...answer, subnets: [subnet, more] };
  read.mockRejectedValueOnce(new Error('busy'));
  net.askAgain();
  await vi.waitFor(() => { expect(converge.mock.lastCall?.[0].ranges).toEqual([subnet.v4, subnet.v6, more.v4, more.v6]); });
});

test('who left while the kernel refused loses its flows after the grace all the same', async () => {
  const { datapath, change, forget } = willingDatapath();
  let hear: (routes: Routes) => void = () => undefined;
  const source: NetworkSource = { ...asking(() => Promise.resolve({ ...answer, routes: { kind: 'complete', epoch: 1, revision: 1, routes: [service(backend)] } })), hear: (listener) => { hear = listener; return () => Promise.resolve(); } };
  const { net, clock, known } = netOf(source, new FakeClock(), stateDir(), datapath);
  await net.start();
  await vi.waitFor(() => { expect([known.routes().size, change.mock.calls.length > 0]).toEqual([1, true]); });
  change.mockRejectedValue(new Error('No space left on device'));
  hear({ kind: 'incremental', epoch: 1, basedOn: 1, revision: 2, set: [service()], remove: [] });
  await clock.advance(2000);
  expect(forget.mock.calls).toEqual([[['10.18.1.2']]]);
});

test('what has stopped hears nothing, answers nothing and waits for nothing', async () => {
  const network = new MemoryNetwork();
  const [cluster, node] = [network.connect('cluster'), network.connect('node')];
  undo.push(() => cluster.drain(), () => node.drain());
  cluster.serve(nodeNetwork, ['c1'], () => answer);
  const { datapath, change } = willingDatapath();
  const { net, clock, known } = netOf(clusterSource(node, 'c1', 'n7'), new FakeClock(), stateDir(), datapath);
  await net.start();
  await vi.waitFor(() => { expect(net.status().subnetV4).toBe(subnet.v4); });
  cluster.publish(nodeRoutes, { kind: 'complete', epoch: 1, revision: 1, routes: [service(backend)] }, 'c1', 'n7');
  cluster.publish(nodeRoutes, { kind: 'incremental', epoch: 1, basedOn: 1, revision: 2, set: [service()], remove: [] }, 'c1', 'n7');
  await vi.waitFor(() => { expect([known.position()?.revision, change.mock.calls.length > 0]).toEqual([2, true]); });
  await net.stop();
  expect(clock.waiting).toBe(0);
  cluster.publish(nodeRoutes, { kind: 'complete', epoch: 1, revision: 3, routes: [] }, 'c1', 'n7');
  await expect(cluster.request(nodeTrace, { from: 'a'.repeat(24), to: '10.30.200.1', protocol: 'tcp' }, 1000, 'c1', 'n7')).rejects.toThrow();
  expect([known.position()?.revision, clock.waiting]).toEqual([2, 0]);
});
