import { MemoryStore } from '@oak/store/testing';
import { describe, expect, test } from 'vitest';
import { defaultServicePlan } from '@oak/addressing';
import { addressesCollection } from './address-record.ts';
import { Addresses } from './addresses.ts';

const owner = (id: string) => ({ id, name: `name-${id}` });

describe('addresses of an installation', () => {
  test('a lease survives a restart, and a freed pair goes to the next only after it was given back', async () => {
    const collection = new MemoryStore().collection(addressesCollection);
    const small = { ...defaultServicePlan, v4: '10.30.0.0/30' };
    const first = new Addresses(collection, small);
    expect(await first.lease('round-robin', owner('a'))).toMatchObject({ ok: true, ipv4: '10.30.0.1' });
    expect(await first.lease('instance', owner('b'))).toMatchObject({ ok: true, ipv4: '10.30.0.2' });
    const second = new Addresses(collection, small);
    await second.load(() => true);
    expect(await second.lease('instance', owner('c'))).toMatchObject({ ok: false, reason: 'exhausted' });
    await second.release('a');
    await second.release('a');
    expect(await second.lease('instance', owner('c'))).toMatchObject({ ok: true, ipv4: '10.30.0.1', ipv6: 'fdff::1' });
  });

  test('what a crash left without an owner is given back at the start', async () => {
    const collection = new MemoryStore().collection(addressesCollection);
    await new Addresses(collection).lease('round-robin', owner('a'), { ipv4: '10.30.55.55' });
    const next = new Addresses(collection);
    await next.load((id) => id !== 'a');
    expect(next.ownerOf('10.30.55.55')).toBeUndefined();
    expect(await next.lease('round-robin', owner('b'), { ipv4: '10.30.55.55' })).toMatchObject({ ok: true });
  });

  test('two roots on one store never give one address twice; a pin that the other has is refused', async () => {
    const collection = new MemoryStore().collection(addressesCollection);
    const roots = [new Addresses(collection), new Addresses(collection)];
    const leased = await Promise.all(Array.from({ length: 40 }, (_, at) => roots[at % 2]!.lease('instance', owner(`i${at}`))));
    const all = leased.flatMap((one) => (one.ok ? [one.ipv4, one.ipv6] : []));
    expect(new Set(all).size).toBe(80);
    const pins = { ipv4: '10.30.99.99', ipv6: 'fdff:2000::99:99' };
    const both = await Promise.all(roots.map((root, at) => root.lease('round-robin', owner(`s${at}`), pins)));
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
  });
});
