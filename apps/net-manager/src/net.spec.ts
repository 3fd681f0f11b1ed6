import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { nodeNetwork, type NodeNetworkAnswer, type NodeNetworkQuestion } from '@oak/contracts';
import { MemoryNetwork } from '@oak/messaging/testing';
import type { NetStatus } from '@oak/net-api';
import { StateDir } from '@oak/process';
import { FakeClock } from '@oak/reconcile/testing';
import { Datapath } from './datapath/datapath.ts';
import type { Run } from './datapath/run.ts';
import { Net } from './net.ts';
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
const asking = (ask: NetworkSource['ask']): NetworkSource => ({ ask, hear: () => undefined, explain: () => undefined });

function netOf(source: NetworkSource, clock = new FakeClock(), state = stateDir()) {
  const net = new Net({
    datapath: new Datapath({ bridge: 'oak0', tunnelPort: 50_103, mtu: 1450 }, broken), probed: all, place: { cluster: 'c1', node: 'n7' }, tunnel: {}, graceMs: 2000, known: new KnownNetwork(state, clock), source, clock, random: { next: () => 0 }, log: silent,
  });
  undo.push(() => net.stop());
  const heard: NetStatus[] = [];
  undo.push(net.watch((status) => heard.push(status)));
  return { net, heard, clock };
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
  new KnownNetwork(state, new FakeClock()).learnAddresses(answer);
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
