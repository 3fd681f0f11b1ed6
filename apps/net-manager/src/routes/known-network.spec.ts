import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { NodeNetworkAnswer, Route, Routes } from '@oak/contracts';
import { readConfig, StateDir } from '@oak/process';
import { FakeClock } from '@oak/reconcile/testing';
import { configSchema } from '../config.ts';
import { KnownNetwork } from './known-network.ts';
import { parseSubnetPair } from './parse-subnet-pair.ts';

const made: string[] = [];
const stateDir = (): StateDir => { const path = mkdtempSync(join(tmpdir(), 'oak-subnet-')); made.push(path); return new StateDir(path); };
afterEach(() => { for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true }); });
const knownOf = (state: StateDir, clock = new FakeClock(), log: (text: string) => void = () => undefined): KnownNetwork => new KnownNetwork(state, clock, log);
const subnet = { v4: '10.18.0.0/26', v6: 'fc00::/120' };

test('a pair is read, with spaces too', () => { expect(parseSubnetPair('10.18.0.0/26, fc00::/120')).toEqual(subnet); });

test.each([
  ['10.18.0.0/26', '"" is no IPv6 range'], ['fc00::/120,10.18.0.0/26', '"fc00::/120" is no IPv4 range'], ['10.18.0.1/26,fc00::/120', '"10.18.0.1/26" is no IPv4 range'],
  ['10.18.0.0/31,fc00::/120', '/16 to /30'], ['10.0.0.0/8,fc00::/64', '/16 to /30'], ['10.18.0.0/26,fc00::/123', 'fewer addresses'], ['a,b,c', 'two ranges'],
])('%s is refused: %s', (text, fault) => { expect(parseSubnetPair(text)).toEqual(expect.stringContaining(fault)); });

const addresses: NodeNetworkAnswer = { subnets: [subnet], nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] } };
const peer = (node: string): Route => ({ kind: 'peer', id: `c1/${node}`, cluster: 'c1', node, host: '192.0.2.9', port: 50_103, subnets: [] });
const complete = (revision: number, ...routes: Route[]): Routes => ({ kind: 'complete', epoch: 1, revision, routes });

test('what was learnt outlives a restart', async () => {
  const [state, clock] = [stateDir(), new FakeClock()];
  const known = knownOf(state, clock);
  expect([known.addresses(), known.position(), known.learnAddresses(addresses)]).toEqual([undefined, undefined, true]);
  expect(known.learnRoutes(complete(3, peer('a'), peer('b')))).toEqual({ kind: 'applied', changed: new Set(['c1/a', 'c1/b']) });
  await clock.advance(1000);
  const again = knownOf(state, clock);
  expect([again.addresses(), again.learnAddresses(addresses), again.position(), [...again.routes().keys()]]).toEqual([addresses, false, { epoch: 1, revision: 3 }, ['c1/a', 'c1/b']]);
  expect(again.learnRoutes(complete(2))).toEqual({ kind: 'stale' });
  expect(again.learnRoutes({ kind: 'incremental', epoch: 1, basedOn: 4, revision: 5, set: [], remove: [] })).toEqual({ kind: 'gap' });
  expect(again.learnRoutes({ kind: 'incremental', epoch: 1, basedOn: 3, revision: 4, set: [], remove: ['c1/a'] })).toEqual({ kind: 'applied', changed: new Set(['c1/a']) });
  again.close();
  expect([...knownOf(state, clock).routes().keys()]).toEqual(['c1/b']);
});

test('many changes in a second are one write', async () => {
  const [state, clock] = [stateDir(), new FakeClock()];
  const known = knownOf(state, clock);
  known.learnRoutes(complete(1, peer('a')));
  known.learnRoutes(complete(2, peer('b')));
  expect(state.read('routes.json')).toBeUndefined();
  await clock.advance(1000);
  expect(JSON.parse(state.read('routes.json') ?? '')).toMatchObject({ position: { revision: 2 }, routes: [{ id: 'c1/b' }] });
});

test('a disk that takes nothing ends nothing; it is said once, and tried again until it is well', async () => {
  const [state, clock, told] = [stateDir(), new FakeClock(), [] as string[]];
  const known = knownOf(state, clock, (text) => { told.push(text); });
  known.learnRoutes(complete(1, peer('a')));
  // No folder: as root a forbidden one would do no harm.
  rmSync(state.path, { recursive: true });
  await clock.advance(30_000);
  expect(told).toEqual([expect.stringMatching(/^routes are not kept: ENOENT.*; free the disk$/)]);
  mkdirSync(state.path);
  await clock.advance(10_000);
  expect([JSON.parse(state.read('routes.json') ?? ''), clock.waiting]).toEqual([expect.objectContaining({ position: { epoch: 1, revision: 1 } }), 0]);
  known.learnRoutes(complete(2));
  rmSync(state.path, { recursive: true });
  known.close();
  expect([told.length, clock.waiting]).toEqual([2, 0]);
});

test.each<[string, Partial<NodeNetworkAnswer>, string]>([
  ['no subnet', { subnets: [{ v4: 'x', v6: 'y' }] }, 'is no IPv4 range'], ['half the world', { serviceRanges: { v4: ['0.0.0.0/0'], v6: [] } }, '0.0.0.0/0 is too wide'],
  ['families mixed up', { nodeRanges: { v4: ['fc00::/64'], v6: [] } }, 'is no IPv4 range'], ['nodes and services in one', { serviceRanges: { v4: ['10.18.0.0/16'], v6: [] } }, '10.18.0.0/15 and 10.18.0.0/16 overlap'],
  ['the same twice', { subnets: [subnet, subnet] }, '10.18.0.0/26 and 10.18.0.0/26 overlap'],
])('%s is not learnt', (_, change, fault) => {
  const known = knownOf(stateDir());
  known.learnAddresses(addresses);
  expect(() => known.learnAddresses({ ...addresses, ...change })).toThrow(fault);
  expect(known.addresses()).toEqual(addresses);
});

test.each([['network.json', ''], ['network.json', '{"subnets":[{"v4":"x","v6":"y"}]}'], ['routes.json', '{'], ['routes.json', '[]']])('a damaged %s is named, not guessed: %j', (file, text) => {
  const state = stateDir();
  writeFileSync(state.file(file), text);
  expect(() => knownOf(state)).toThrow(`${state.file(file)} is damaged`);
});

test('the environment is checked by name', () => {
  expect(() => readConfig(configSchema, {})).toThrow('OAK_CLUSTER_CREDENTIALS=(not set): expected the path');
  expect(() => readConfig(configSchema, { OAK_NODE_SUBNET: 'x', OAK_BRIDGE: 'oakv0', OAK_NET_SOCKET: 'net.sock' })).toThrow(/OAK_NET_SOCKET=net.sock[^]*OAK_BRIDGE=oakv0: must not begin with oakv[^]*OAK_NODE_SUBNET=x: "x" is no IPv4 range/);
  expect(readConfig(configSchema, { OAK_NODE_SUBNET: '10.18.0.0/26,fc00::/120' })).toMatchObject({ OAK_NODE_SUBNET: subnet, OAK_BRIDGE: 'oak0', OAK_NET_SOCKET: '/run/oakestra/net.sock', OAK_TUNNEL_PORT: 50_103, OAK_GRACE_MS: 2000 });
  expect(() => readConfig(configSchema, { OAK_NODE_SUBNET: '10.18.0.0/26,fc00::/120', OAK_TUNNEL_PORT: '0', OAK_TUNNEL_HOST: 'gate.example' })).toThrow(/OAK_TUNNEL_PORT[^]*OAK_TUNNEL_HOST=gate.example: expected an address/);
});
