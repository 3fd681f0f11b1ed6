import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Backend, ServiceRoute } from '@oak/contracts';
import type { Items } from './claims.ts';
import { serviceItems } from './service-items.ts';
import { SlotSpace } from './slot-space.ts';
import { hashSlots, rotation } from './spread.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, createHash: vi.fn(crypto.createHash) };
});

const choice = (id: string, weight = 1) => ({ id, address: `at-${id}`, weight });
const turns = (choices: readonly ReturnType<typeof choice>[]) => rotation(choices).map(({ address }) => address);
const slotsOf = (choices: readonly ReturnType<typeof choice>[]) => hashSlots(choices).map(({ address }) => address);
const tally = (addresses: readonly string[]) => Object.fromEntries([...new Set(addresses)].toSorted().map((address) => [address, addresses.filter((one) => one === address).length]));

describe('rotation', () => {
  test('each in turn; heavy ones more often, and not all at once', () => {
    expect(turns(['a', 'b', 'c'].map((id) => choice(id)))).toEqual(['at-a', 'at-b', 'at-c']);
    expect(turns([choice('a', 3), choice('b')])).toEqual(['at-a', 'at-a', 'at-b', 'at-a']);
    expect(turns([choice('a', 50), choice('b', 100)])).toHaveLength(3);
    expect(turns([])).toEqual([]);
  });

  test('everyone has a share, as large as its weight, of no more slots than the kernel is given', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 200 }), (weights) => {
      const slots = turns(weights.map((weight, i) => choice(String(i), weight)));
      const counts = tally(slots);
      expect(Object.keys(counts)).toHaveLength(weights.length);
      expect(slots.length).toBeLessThanOrEqual(5000);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      weights.forEach((weight, i) => { expect(Math.abs((counts[`at-${i}`] ?? 0) / slots.length - weight / total)).toBeLessThan(0.05); });
    }));
  });
});

describe('slots of callers', () => {
  test('when one leaves only its slots move; when one comes it only takes', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 2, maxLength: 16 }), (ids) => {
      const [gone = '', ...rest] = ids;
      const [before, after] = [slotsOf(ids.map((id) => choice(id))), slotsOf(rest.map((id) => choice(id)))];
      expect([before.length, after.length]).toEqual([64, 64]);
      expect(before.every((address, slot) => address === `at-${gone}` || after[slot] === address)).toBe(true);
    }), { numRuns: 20 });
  });

  test('many instances get enough slots, and weights count', () => {
    expect(slotsOf(Array.from({ length: 100 }, (_, i) => choice(String(i)))).length).toBeGreaterThanOrEqual(400);
    const counts = tally(slotsOf([choice('a', 9), choice('b', 1)]));
    expect(counts['at-a']).toBeGreaterThan(45);
    expect(slotsOf([])).toEqual([]);
  });

  test('shares are even: as far from it as chance is, and no further', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{24}$/), { minLength: 300, maxLength: 500 }), (ids) => {
      const counts = tally(slotsOf(ids.map((id) => choice(id))));
      const mean = 2048 / ids.length;
      // Binomial: the squares of the distances have the mean as their mean, and all of them together stay close to it.
      const spread = ids.reduce((sum, id) => sum + ((counts[`at-${id}`] ?? 0) - mean) ** 2, 0) / ids.length / mean;
      expect(Math.abs(spread - 1)).toBeLessThan(0.5);
    }), { numRuns: 20 });
  });

  test('ids that differ in one place are as far apart as others', () => {
    const counts = tally(slotsOf(Array.from({ length: 64 }, (_, i) => choice(i.toString(16).padStart(24, '0')))));
    expect(Object.keys(counts).length).toBeGreaterThan(56);
    expect(Math.max(...Object.values(counts))).toBeLessThan(16);
  });
});

describe('choosing', () => {
  const backend = (n: number): Backend => ({ id: n.toString(16).padStart(24, '0'), instanceNumber: n, ipv4: `10.30.0.${n}`, ipv6: `fdff::${n}`, namespaceIpv4: `10.18.1.${n}`, namespaceIpv6: `fc00::${n}`, cluster: 'c1', node: 'n2' });
  const service = (backends: readonly Backend[]): ServiceRoute => ({
    kind: 'service', id: 'b'.repeat(24), name: 'shop.prod.web.prod', applicationId: 'a'.repeat(24), organisation: 'acme', policy: 'isolated', affinity: 'client', backends: [...backends],
    addresses: { roundRobin: { ipv4: '10.30.200.1', ipv6: 'fdff:2000::1' }, closest: { ipv4: '10.30.201.1', ipv6: 'fdff:1000::1' } },
  });
  const targets = (items: Items, family: 4 | 6) => [...items].filter(([id]) => id.startsWith(`element|slot${family}_`)).map(([, to]) => to.split(/[.:]/).at(-1));

  test('costs one digest for each instance, whatever the number of slots, families and addresses', () => {
    vi.mocked(createHash).mockClear();
    const items = serviceItems(service(Array.from({ length: 50 }, (_, n) => backend(n))), undefined, new SlotSpace(), () => undefined);
    expect(vi.mocked(createHash).mock.calls.length).toBeLessThan(50 + 10);
    expect(targets(items, 4)).toHaveLength(2 * 256);
    expect(targets(items, 6)).toEqual(targets(items, 4));
  });

  test('with a guest that has no IPv6 each family has its own order', () => {
    const { namespaceIpv6: _none, ...guest } = backend(3);
    const items = serviceItems(service([backend(1), backend(2), guest]), undefined, new SlotSpace(), () => undefined);
    expect([new Set(targets(items, 4)), new Set(targets(items, 6))]).toEqual([new Set(['1', '2', '3']), new Set(['1', '2'])]);
  });
});
