import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAddress, printAddress } from '@oak/addressing';
import { itemText } from '../datapath/item-text.ts';
import { item } from '../datapath/items.ts';
import { run } from '../datapath/run.ts';
import { tableScript } from '../datapath/table.ts';
import type { ItemChange } from '../overlay/claims.ts';
import { bytes4, bytes6, text6 } from './address-bytes.ts';
import { itemSteps } from './item-steps.ts';
import { attribute, attributesOf, big32, message, messagesOf, text } from './message.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { netfilter, Nftables, verbs } from './nftables.ts';
import { decodeOperand, encodeOperand } from './operands.ts';
import { readCounters, readTable } from './read-table.ts';
import { shapeOf, type DataType } from './set-shapes.ts';

const exec = promisify(execFile);
const names = ['one', 'two'].map((name) => `oaktest-${randomBytes(4).toString('hex')}-${name}`) as [string, string];
const [here, other] = names;
let [nftables, others]: [Nftables, Nftables] = [undefined as never, undefined as never];
const within = async (netns: string, ...command: string[]): Promise<string> => (await exec('nsenter', [`--net=/run/netns/${netns}`, ...command])).stdout;
const feed = (netns: string, lines: readonly string[]) => run('nsenter', [`--net=/run/netns/${netns}`, 'nft', '-f', '-'], `${lines.join('\n')}\n`);
const options = { bridge: 'oak0', tunnelPort: 50_103, services: true };
const tables = [...tableScript('inet', options), ...tableScript('bridge', options)];

const id = (n: number): string => n.toString(16).padStart(24, '0');
const [rotating, sticky] = [`s_${id(64)}_5_2_1_inc`, `c_${id(1)}_0_3_0_hash`];
const everything: readonly (readonly [string, string])[] = [
  [item.counter(`n_${id(64)}`), ''], [item.counter(`n_${id(1)}`), ''], [item.set('d4_all'), ''], [item.set('d6_all'), ''], [item.chain('k_all'), ''], [item.chain(rotating), ''], [item.chain(sticky), ''],
  [item.element('d4_all', '10.18.0.2'), ''], [item.element('d6_all', 'fc00::2'), ''],
  [item.element('svc4', '10.30.0.1'), `goto ${rotating}`], [item.element('svc6', 'fdff:2000::1'), `goto ${rotating}`], [item.element('caller4', '10.18.0.2'), 'goto k_all'], [item.element('caller6', 'fc00::2'), 'goto k_all'],
  [item.element('svc4', '10.30.0.2'), `goto ${sticky}`], [item.element('one4', '10.30.1.1'), '10.18.0.2'], [item.element('one6', 'fdff::1'), 'fc00::2'], [item.element('source4', '10.18.0.2'), '10.30.1.1'], [item.element('source6', 'fc00::2'), 'fdff::1'],
  [item.element('slot4_0', '5'), '10.18.0.2'], [item.element('slot4_0', '6'), '10.18.0.3'], [item.element('slot6_0', '5'), 'fc00::2'], [item.element('slot4_1', '0'), '10.18.0.2'], [item.element('slot4_1', '257'), '10.18.0.3'],
  [item.element('node4', '10.18.0.0/26'), ''], [item.element('node4', '10.18.0.64/26'), ''], [item.element('node6', 'fc00::/120'), ''], [item.element('nodes4', '10.18.0.0/15'), ''], [item.element('nodes6', 'fc00::/64'), ''],
  [item.element('service4', '10.30.0.0/16'), ''], [item.element('service4', '240.0.0.0/4'), ''], [item.element('service6', 'fdff::/16'), ''], [item.element('tunnel4', '192.0.2.9'), ''], [item.element('tunnel6', '2001:db8::9'), ''],
  [item.element('port4', 'tcp . 8080'), '10.18.0.2 . 80'], [item.element('port6', 'udp . 53'), 'fc00::2 . 5353'], [item.element('marks', '0e:00:00:00:00:01'), '0x00040000'],
  [item.element('mac', '"oakv0123456789a" . 0a:6b:0a:12:00:02'), ''], [item.element('from4', '"oakv0123456789a" . 10.18.0.2'), ''], [item.element('from6', '"oakv0123456789a" . fc00::2'), ''],
];
const added = (some = everything): ItemChange[] => some.map(([of, to]) => ({ id: of, from: undefined, to }));
const removed = (some = everything): ItemChange[] => some.map(([of, from]) => ({ id: of, from, to: undefined }));
const read = (one = nftables) => new Map([...readTable(one, 'inet')?.items ?? [], ...readTable(one, 'bridge')?.items ?? []]);

beforeAll(async () => {
  for (const name of names) await exec('ip', ['netns', 'add', name]);
  [nftables, others] = names.map((name) => new Nftables(NetlinkSocket.open(netfilter, `/run/netns/${name}`))) as [Nftables, Nftables];
  for (const name of names) expect((await feed(name, tables)).stderr).toBe('');
});
afterAll(async () => {
  nftables.close();
  others.close();
  for (const name of names) await exec('ip', ['netns', 'del', name]);
});

describe('without nft', () => {
  test('the kernel gets exactly what the text would have given it, and tells it back; nothing is left in the end', async () => {
    const empty = await within(here, 'nft', 'list', 'ruleset');
    nftables.change(itemSteps(added()));
    expect((await feed(other, itemText(added()))).stderr).toBe('');
    const [ours, theirs] = await Promise.all(names.map((name) => within(name, 'nft', '--json', 'list', 'ruleset')));
    const plain = (json = '') => (JSON.parse(json, (key, value: unknown) => (key === 'handle' ? undefined : value)) as { nftables: object[] }).nftables.map((one) => JSON.stringify(one));
    expect(plain(ours)).toEqual(plain(theirs));
    const sorted = [...everything].toSorted();
    expect([...read()].toSorted()).toEqual(sorted);
    expect([...read(others)].toSorted()).toEqual(sorted);
    nftables.change(itemSteps(removed()));
    expect(await within(here, 'nft', 'list', 'ruleset')).toBe(empty);
    others.change(itemSteps(removed()));
  });

  test('every set of the tables has the shape that is said of it', async () => {
    const { nftables: all } = JSON.parse(await within(here, 'nft', '-j', 'list', 'sets')) as { nftables: { set?: Shown; map?: Shown }[] };
    const { nftables: maps } = JSON.parse(await within(here, 'nft', '-j', 'list', 'maps')) as { nftables: { set?: Shown; map?: Shown }[] };
    const shown = [...all, ...maps].flatMap(({ set, map }) => set ?? map ?? []);
    expect(shown.length).toBeGreaterThan(80);
    for (const { name, type, map, flags } of shown) {
      const shape = shapeOf(name);
      const list = (one: string | string[] | undefined) => (one === undefined ? [] : [one].flat());
      // A number has no name of its own there.
      const said = (types: readonly DataType[] = []) => types.map((one) => (one === 'number' ? expect.any(String) as unknown : one));
      expect([name, list(type), list(map).flatMap((one) => one.split(' . ')), (flags ?? []).includes('interval')]).toEqual([name, said(shape?.key), said(shape?.value), shape?.isInterval]);
    }
  });

  test('a value is replaced, and a damaged chain is filled anew', async () => {
    nftables.change(itemSteps(added()));
    await within(here, 'nft', 'flush', 'chain', 'inet', 'oakestra', rotating);
    expect(read().get(item.chain(rotating))).toBe('damaged');
    nftables.change(itemSteps([{ id: item.chain(rotating), from: 'damaged', to: '' }, { id: item.element('one4', '10.30.1.1'), from: '10.18.0.2', to: '10.18.0.9' }]));
    expect([read().get(item.chain(rotating)), read().get(item.element('one4', '10.30.1.1'))]).toEqual(['', '10.18.0.9']);
    nftables.change(itemSteps(removed([...read()])));
    expect(read().size).toBe(0);
  });

  test('a refused step is named with the kernel\'s reason, and none of the others is taken', () => {
    const good: ItemChange = { id: item.element('one4', '10.30.1.1'), from: undefined, to: '10.18.0.2' };
    expect(() => { nftables.change(itemSteps([good, { id: item.element('svc4', '10.30.0.1'), from: undefined, to: 'goto nowhere' }])); }).toThrow(/^nftables: add in svc4: 10\.30\.0\.1: ENOENT/);
    expect(() => { nftables.change(itemSteps([good, ...removed([[item.element('one6', 'fdff::1'), 'fc00::2']])])); }).toThrow(/^nftables: delete in one6: fdff::1: ENOENT/);
    expect(read().size).toBe(0);
  });

  test('what is none of ours reaches no kernel, and what somebody else put among ours is told', async () => {
    for (const [of, to] of [[item.chain('evil'), ''], [item.element('evil', '1'), ''], [item.element('svc4', '10.30.0.1'), 'jump k_all'], [item.element('one4', 'x'), '10.18.0.2'], [item.element('node4', 'x/26'), '']] as const) {
      expect(() => itemSteps([{ id: of, from: undefined, to }])).toThrow(TypeError);
    }
    await within(here, 'nft', 'add', 'element', 'inet', 'oakestra', 'node4', '{ 10.18.0.3-10.18.0.9 }');
    expect([...read().keys()]).toEqual([item.element('node4', '10.18.0.3-10.18.0.9')]);
    nftables.change(itemSteps(removed([...read()])));
    expect(read().size).toBe(0);
  });

  test('forty thousand things are one transaction, read back as they are, and one change costs no more than before', async () => {
    const many = Array.from({ length: 20_000 }, (_, n): [string, string][] => [[item.element('one4', `10.31.${n >> 8}.${n & 255}`), `10.18.${n >> 8}.${n & 255}`], [item.element('one6', `fdff::${(n + 1).toString(16)}`), `fc00::${(n + 1).toString(16)}`]]).flat();
    nftables.change(itemSteps(added(many)));
    expect(read().size).toBe(many.length);
    expect([...read()].toSorted()).toEqual(many.toSorted());
    nftables.change(itemSteps(removed(many)));
    expect(await within(here, 'nft', 'list', 'map', 'inet', 'oakestra', 'one4')).not.toContain('10.');
  });

  test('no table is no empty table; connections are counted', async () => {
    nftables.change(itemSteps(added()));
    expect([...readCounters(nftables)].toSorted()).toEqual([[`n_${id(1)}`, 0], [`n_${id(64)}`, 0]]);
    nftables.change(itemSteps(removed()));
    await within(other, 'nft', 'delete', 'table', 'inet', 'oakestra');
    expect([readTable(others, 'inet'), readCounters(others).size]).toEqual([undefined, 0]);
    expect((await feed(other, tables)).code).toBe(0);
  });
});

interface Shown { readonly name: string; readonly type: string | string[]; readonly map?: string | string[]; readonly flags?: string[] }

describe('the kernel\'s forms', () => {
  const part: Readonly<Record<Exclude<DataType, 'verdict'>, fc.Arbitrary<string>>> = {
    ipv4_addr: fc.ipV4(), ipv6_addr: fc.bigInt(0n, 2n ** 128n - 1n).map((value) => decodeOperand(['ipv6_addr'], Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))),
    ether_addr: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')),
    ifname: fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/).map((name) => `"${name}"`), inet_proto: fc.constantFrom('tcp', 'udp', '132'), inet_service: fc.integer({ min: 0, max: 65_535 }).map(String),
    mark: fc.nat(0x7fffffff).map((n) => `0x${n.toString(16).padStart(8, '0')}`), number: fc.nat(0x7fffffff).map(String),
  };

  test('an operand comes back as it was', () => {
    const types = fc.array(fc.constantFrom(...Object.keys(part) as (keyof typeof part)[]), { minLength: 1, maxLength: 3 });
    fc.assert(fc.property(types.chain((some) => fc.tuple(fc.constant(some), fc.tuple(...some.map((type) => part[type])))), ([some, parts]) => {
      expect(decodeOperand(some, encodeOperand(some, parts.join(' . ')))).toBe(parts.join(' . '));
    }));
  });

  test('addresses are read and written by bytes as they are by numbers', () => {
    const six = fc.oneof(fc.bigInt(0n, 2n ** 128n - 1n), fc.array(fc.constantFrom(0n, 0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 }).map((all) => all.reduce<bigint>((sum, word) => (sum << 16n) + word, 0n)));
    fc.assert(fc.property(six, (value) => {
      const text = printAddress({ family: 6, value });
      expect([text6(bytes6(text) ?? Buffer.alloc(0)), bytes6(text)?.toString('hex')]).toEqual([text, value.toString(16).padStart(32, '0')]);
    }));
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
      const address = parseAddress(text);
      const hex = (family: 4 | 6) => (address?.family === family ? address.value.toString(16).padStart(family === 4 ? 8 : 32, '0') : undefined);
      expect([bytes6(text)?.toString('hex')]).toEqual([hex(6)]);
      if (!/(^|\.)0\d/.test(text)) expect(bytes4(text)?.toString('hex')).toBe(hex(4));
    }));
  });

  test('attributes and messages come back as they were; impossible lengths are refused', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.uint8Array({ maxLength: 40 }))), (all) => {
      const body = Buffer.concat(all.map(([type, value]) => attribute(type, Buffer.from(value))));
      expect([...attributesOf(body)].map(([type, value]) => [type, [...value]])).toEqual(all.map(([type, value]) => [type, [...value]]));
      const [first, second] = [...messagesOf(Buffer.concat([message(verbs.newSet, 1, 7, body), message(3, 1, 8)]))];
      expect([first?.type, first?.sequence, first?.body.equals(body), second?.type, second?.sequence]).toEqual([verbs.newSet, 7, true, 3, 8]);
    }));
    expect(() => [...attributesOf(Buffer.from([200, 0, 1, 0]))]).toThrow(TypeError);
    expect(() => [...messagesOf(Buffer.concat([big32(0), Buffer.alloc(12)]))]).toThrow(TypeError);
    expect(() => attribute(1, Buffer.alloc(70_000))).toThrow(RangeError);
    expect(text('x')).toEqual(Buffer.from('x\0'));
  });
});
