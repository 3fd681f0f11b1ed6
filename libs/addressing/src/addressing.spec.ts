import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contains, nth, offsetOf, parseAddress, parseSubnet,
  pickAddress, printAddress, printSubnet, subnetAround, usable, type Subnet,
} from './index.ts';

const subnetOf = (text: string): Subnet => {
  const subnet = parseSubnet(text);
  if (!subnet) throw new Error(text);
  return subnet;
};
const node = subnetOf('10.18.0.0/26');

describe('addresses', () => {
  test.each([
    ['0.0.0.0', 0n], ['10.18.0.1', 0x0a120001n], ['255.255.255.255', 0xffffffffn],
    ['::', 0n], ['::1', 1n], ['1::', 1n << 112n], ['fc00::100', (0xfc00n << 112n) | 0x100n],
  ])('%s is %i and prints as it was', (text, value) => {
    const parsed = parseAddress(text);
    expect(parsed?.value).toBe(value);
    expect(parsed && printAddress(parsed)).toBe(text);
  });

  test.each([['FC00:0:0:0:0:0:0:1', 'fc00::1'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'], ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4']])(
    '%s is written %s', (text, written) => {
      const parsed = parseAddress(text);
      expect(parsed && printAddress(parsed)).toBe(written);
    });

  test.each(['', '10.18.0', '10.18.0.256', '10.18.0.01', '10.18.0.1.2', '1.2.3.x', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', 'g::', '::ffff:1.2.3.4', 'fe80::1%eth0'])(
    'refuses %j', (text) => { expect(parseAddress(text)).toBeUndefined(); });

  test('printing and parsing are inverse', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
      expect(parseAddress(printAddress({ family: 6, value }))).toEqual({ family: 6, value });
    }));
    fc.assert(fc.property(fc.ipV6().filter((text) => !text.includes('.')), (text) => parseAddress(text) !== undefined));
    fc.assert(fc.property(fc.ipV4(), (text) => { const parsed = parseAddress(text); return parsed !== undefined && printAddress(parsed) === text; }));
  });
});

describe('subnets', () => {
  test.each(['10.18.0.1/26', '10.18.0.0', '10.18.0.0/33', '10.18.0.0/-1', '10.18.0.0/026', '10.18.0.0/26/1', 'fc00::1/120', 'fc00::/129', '/26', ''])(
    'refuses %j', (text) => { expect(parseSubnet(text)).toBeUndefined(); });

  test.each([['10.18.0.0/26', 0, '10.18.0.0'], ['10.18.0.0/26', 63, '10.18.0.63'], ['10.18.0.0/26', 64, undefined], ['10.18.0.0/26', -1, undefined], ['fc00::/120', 255, 'fc00::ff'], ['fc00::/120', 1.5, undefined]])(
    '%s, offset %s: %s', (text, offset, address) => { expect(nth(subnetOf(text), offset)).toBe(address); });

  test('nth and offsetOf are inverse, contains agrees', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.integer({ min: 64, max: 128 }), fc.nat(), (value, prefix, offset) => {
      const base = (value >> BigInt(128 - prefix)) << BigInt(128 - prefix);
      const subnet: Subnet = { family: 6, base, prefix };
      const address = nth(subnet, offset);
      expect(parseSubnet(printSubnet(subnet))).toEqual(subnet);
      if (address !== undefined) expect([offsetOf(subnet, address), contains(subnet, address)]).toEqual([offset, true]);
    }));
  });

  test.each([['10.18.0.7', 26, '10.18.0.0/26'], ['10.18.0.64', 26, '10.18.0.64/26'], ['fc00::1ff', 120, 'fc00::100/120'], ['10.18.0.7', 33, undefined], ['x', 26, undefined], ['::1', -1, undefined]])(
    'around %s, /%s: %s', (address, prefix, text) => {
      const subnet = subnetAround(address, prefix);
      expect(subnet && printSubnet(subnet)).toBe(text);
    });

  test('the other family and the neighbours are outside', () => {
    expect(['::1', '10.17.255.255', '10.18.0.64', 'nonsense'].filter((address) => contains(node, address))).toEqual([]);
  });
});

describe('addresses of instances', () => {
  test('a /26 gives 61, the first is .2, the last .62, then it is exhausted', () => {
    const taken = new Set<number>();
    const given: string[] = [];
    for (let picked = pickAddress(node, taken); picked.ok; picked = pickAddress(node, taken)) {
      taken.add(picked.offset);
      given.push(picked.address);
    }
    expect([given.length, usable(node), given[0], given.at(-1)]).toEqual([61, 61, '10.18.0.2', '10.18.0.62']);
    expect(pickAddress(node, taken)).toEqual({ ok: false, reason: 'exhausted' });
  });

  test('fresh ones first, then the one freed longest ago', () => {
    expect(pickAddress(node, new Set([3]), [2, 4])).toMatchObject({ address: '10.18.0.5' });
    const small = subnetOf('10.18.0.0/29');
    expect(pickAddress(small, new Set([2, 3]), [6, 5, 4])).toMatchObject({ offset: 6 });
    expect(pickAddress(small, new Set([2, 3, 6]), [6, 5, 4])).toMatchObject({ offset: 5 });
    expect(pickAddress(small, new Set([2, 3, 4, 5, 6]), [6, 5, 4, 1, 0, 7])).toEqual({ ok: false, reason: 'exhausted' });
  });

  test.each(['10.18.0.0/30', '10.18.0.0/31', '10.18.0.0/32'])('%s has room for few', (text) => {
    expect(usable(subnetOf(text))).toBe(text.endsWith('/30') ? 1 : 0);
  });

  test('inside, not reserved, not taken; all of a subnet can be given whatever was freed', () => {
    fc.assert(fc.property(fc.array(fc.nat(63)), fc.array(fc.nat(63)), (used, freed) => {
      const taken = new Set(used);
      const picked = pickAddress(node, taken, freed);
      const free = Array.from({ length: 61 }, (_, i) => i + 2).filter((offset) => !taken.has(offset));
      return picked.ok ? free.includes(picked.offset) && contains(node, picked.address) : free.length === 0;
    }));
  });
});
