import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readConfig, StateDir } from '@oak/process';
import { configSchema } from '../config.ts';
import { KnownSubnet } from './known-subnet.ts';
import { parseSubnetPair } from './parse-subnet-pair.ts';

const made: string[] = [];
const stateDir = (): StateDir => { const path = mkdtempSync(join(tmpdir(), 'oak-subnet-')); made.push(path); return new StateDir(path); };
afterEach(() => { for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true }); });
const subnet = { v4: '10.18.0.0/26', v6: 'fc00::/120' };

test('a pair is read, with spaces too', () => { expect(parseSubnetPair('10.18.0.0/26, fc00::/120')).toEqual(subnet); });

test.each([
  ['10.18.0.0/26', '"" is no IPv6 range'], ['fc00::/120,10.18.0.0/26', '"fc00::/120" is no IPv4 range'], ['10.18.0.1/26,fc00::/120', '"10.18.0.1/26" is no IPv4 range'],
  ['10.18.0.0/31,fc00::/120', '/16 to /30'], ['10.0.0.0/8,fc00::/64', '/16 to /30'], ['10.18.0.0/26,fc00::/123', 'fewer addresses'], ['a,b,c', 'two ranges'],
])('%s is refused: %s', (text, fault) => { expect(parseSubnetPair(text)).toEqual(expect.stringContaining(fault)); });

test('what was learnt outlives a restart', () => {
  const state = stateDir();
  expect(new KnownSubnet(state).current()).toBeUndefined();
  expect(new KnownSubnet(state).learn(subnet)).toBe(true);
  const again = new KnownSubnet(state);
  expect([again.current(), again.learn(subnet)]).toEqual([subnet, false]);
  expect(again.learn({ ...subnet, v4: '10.18.0.64/26' })).toBe(true);
  expect(() => again.learn({ v4: 'x', v6: 'y' })).toThrow('is no IPv4 range');
  expect(again.current()?.v4).toBe('10.18.0.64/26');
});

test.each(['', '{', '{"v4":"x","v6":"y"}', '[]'])('a damaged file is named, not guessed: %j', (text) => {
  const state = stateDir();
  writeFileSync(state.file('subnet.json'), text);
  expect(() => new KnownSubnet(state)).toThrow(`${state.file('subnet.json')} is damaged`);
});

test('the environment is checked by name', () => {
  expect(() => readConfig(configSchema, {})).toThrow('OAK_CLUSTER_CREDENTIALS=(not set): expected the path');
  expect(() => readConfig(configSchema, { OAK_NODE_SUBNET: 'x', OAK_BRIDGE: 'oakv0', OAK_NET_SOCKET: 'net.sock' })).toThrow(/OAK_NET_SOCKET=net.sock[^]*OAK_BRIDGE=oakv0: must not begin with oakv[^]*OAK_NODE_SUBNET=x: "x" is no IPv4 range/);
  expect(readConfig(configSchema, { OAK_NODE_SUBNET: '10.18.0.0/26,fc00::/120' })).toMatchObject({ OAK_NODE_SUBNET: subnet, OAK_BRIDGE: 'oak0', OAK_NET_SOCKET: '/run/oakestra/net.sock' });
});
