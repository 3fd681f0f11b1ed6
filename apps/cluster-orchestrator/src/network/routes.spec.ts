import type { Route, Routes as RoutesMessage } from '@oak/contracts';
import type { Collection } from '@oak/store';
import { MemoryStore } from '@oak/store/testing';
import { expect, test } from 'vitest';
import type { InstanceRecord } from '../instances/instance-record.ts';
import { Routes, routesCollection } from './routes.ts';

const id = (n: number): string => n.toString(16).padStart(24, '0');
function record(n: number, node: string, status: 'RUNNING' | 'NODE_SCHEDULED' = 'RUNNING'): InstanceRecord {
  return {
    spec: {
      id: id(n), serviceId: id(100), applicationId: id(200), instanceNumber: n, name: 'a.t.web.t', attempt: 0, microservice: {} as InstanceRecord['spec']['microservice'],
      network: { ipv4: `10.30.1.${n}`, ipv6: `fdff::${n}`, organisation: 'o', policy: 'organisation', affinity: 'none', service: { roundRobin: { ipv4: '10.30.0.1', ipv6: 'fdff:2000::1' } } },
    },
    desired: 'run', node, report: { id: id(n), attempt: 0, status, detail: '', restarts: 0, ...(status === 'RUNNING' && { ipv4: `10.18.0.${n}`, ipv6: `fc00::${n}` }) },
  };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A class's methods do not spread. */
function methodsOf(remote: Collection<Route>): Collection<Route> {
  return {
    name: remote.name, get: (of) => remote.get(of), insert: (of, body) => remote.insert(of, body), replace: (of, revision, body) => remote.replace(of, revision, body), update: (of, change) => remote.update(of, change),
    remove: (of, revision) => remote.remove(of, revision), list: (options) => remote.list(options), count: (where) => remote.count(where), insertMany: (entries) => remote.insertMany(entries), writeAll: (operations) => remote.writeAll(operations), watch: (listener) => remote.watch(listener),
  };
}

function routes(store = new MemoryStore(), epoch = 1, remote = store.collection(routesCollection)) {
  const sent: [string, RoutesMessage][] = [];
  let saved: { epoch: number; revision: number } | undefined;
  const made = new Routes({
    cluster: 'c1', epoch, remote, defer: (flush) => void setImmediate(flush),
    bus: { publish: (_event: unknown, payload: unknown, ...tokens: string[]) => { sent.push([tokens[1] ?? '', payload as RoutesMessage]); } },
    log: () => undefined, position: { load: () => saved, save: (position) => { saved = position; } }, tunnelOf: (node) => ({ host: `192.0.2.${node.slice(1)}`, port: 50_103, subnets: [] }),
  });
  return { made, sent, store };
}
/** Ids of all that a node is told when it asks. */
const told = (made: Routes, node: string): string[] => made.complete(node).flatMap(({ routes: all }) => all.map((route) => route.id)).toSorted();

test('a node hears of a service and its peers as soon as an instance is placed there, and of each backend when it runs', async () => {
  const { made, sent } = routes();
  made.instanceChanged(id(1), record(1, 'n1', 'NODE_SCHEDULED'));
  await turn();
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject(['n1', { kind: 'incremental', set: [{ kind: 'service', backends: [] }] }]);
  made.instanceChanged(id(2), record(2, 'n2'));
  await turn();
  expect(sent.map(([node]) => node).toSorted()).toEqual(['n1', 'n1', 'n2']);
  expect(told(made, 'n1')).toEqual([id(100), 'c1/n2'].toSorted());
  made.instanceChanged(id(1), undefined);
  await turn();
  expect(told(made, 'n1')).toEqual([]);
});

test('a disk that was full for a moment loses no route', async () => {
  const store = new MemoryStore();
  const remote = store.collection(routesCollection);
  let full = true;
  const flaky = { ...methodsOf(remote), insert: (routeId: string, route: Route) => (full ? Promise.reject(new Error('disk full')) : remote.insert(routeId, route)) };
  const { made } = routes(store, 1, flaky);
  made.instanceChanged(id(1), record(1, 'n1'));
  const peer = (n: number): Route => ({ kind: 'peer', id: `c2/m${n}`, cluster: 'c2', node: `m${n}`, host: `192.0.2.${n}`, port: 50_103, subnets: [], organisations: ['o'], public: false });
  const complete: RoutesMessage = { kind: 'complete', epoch: 1, revision: 1, routes: [peer(1), peer(2)] };
  await expect(made.accept(complete)).rejects.toThrow('disk full');
  full = false;
  expect(await made.accept({ kind: 'incremental', epoch: 1, revision: 2, basedOn: 1, set: [peer(3)], remove: [] })).toBe(false);
  expect(await made.accept({ ...complete, revision: 2, routes: [peer(1), peer(2), peer(3)] })).toBe(true);
  expect(told(made, 'n1')).toEqual(expect.arrayContaining(['c2/m1', 'c2/m2', 'c2/m3']));
});

test('what root told is kept over a restart, with root away', async () => {
  const { made, store } = routes();
  made.instanceChanged(id(1), record(1, 'n1'));
  const far = { ...record(7, 'm1').spec.network!, id: id(7) };
  const backend = { id: id(7), instanceNumber: 7, ipv4: far.ipv4, ipv6: far.ipv6, namespaceIpv4: '10.18.8.2', cluster: 'c2', node: 'm1' };
  expect(await made.accept({ kind: 'complete', epoch: 4, revision: 2, routes: [
    { kind: 'service', id: id(100), name: 'a.t.web.t', applicationId: id(200), organisation: 'o', policy: 'organisation', affinity: 'none', addresses: far.service, backends: [backend] },
    { kind: 'peer', id: 'c2/m1', cluster: 'c2', node: 'm1', host: '192.0.2.9', port: 50_103, subnets: [], organisations: ['o'], public: false },
  ] })).toBe(true);
  expect(await made.accept({ kind: 'incremental', epoch: 4, revision: 9, basedOn: 8, set: [], remove: [] })).toBe(false);
  const again = routes(store, 2).made;
  await again.load([record(1, 'n1')]);
  await turn();
  expect(told(again, 'n1')).toEqual([id(100), 'c2/m1'].toSorted());
  const [first] = again.complete('n1');
  expect(first.routes.find((route) => route.kind === 'service')).toMatchObject({ backends: [{ cluster: 'c1' }, { cluster: 'c2' }] });
});
