import { array, assert, constantFrom, integer, nat, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, parseSubnet } from './subnet.ts';
import { defaultServicePlan, ServiceAddresses, type AddressPair } from './service-addresses.ts';

const range = (text: string) => parseSubnet(text)!;

describe('service addresses', () => {
  test('come in pairs, in order, without the octets 0, 254 and 255', () => {
    const addresses = new ServiceAddresses();
    expect(addresses.pick('round-robin')).toEqual({ ok: true, ipv4: '10.30.0.1', ipv6: 'fdff:2000::1' });
    expect(addresses.pick('instance')).toEqual({ ok: true, ipv4: '10.30.0.1', ipv6: 'fdff::1' });
    const all = addresses.available('instance', 600).map(({ ipv4 }) => ipv4);
    expect(all[253]).toBe('10.30.1.1');
    expect(all.some((address) => /\.(0|254|255)$/.test(address))).toBe(false);
  });

  test('pins are honoured, or refused with the reason', () => {
    const addresses = new ServiceAddresses();
    const pins = { ipv4: '10.30.55.55', ipv6: 'fdff:2000::55:55' };
    expect(addresses.pick('round-robin', pins)).toEqual({ ok: true, ...pins });
    addresses.take(pins, 'clientsrvr.test.nginx.test');
    expect(addresses.pick('round-robin', pins)).toMatchObject({ ok: false, reason: 'taken', text: '10.30.55.55 is taken by clientsrvr.test.nginx.test' });
    expect(addresses.pick('closest', { ipv6: 'fdff:2000::1' })).toMatchObject({ ok: false, reason: 'outside', text: 'fdff:2000::1 is outside of fdff:1000::/21' });
    expect(addresses.pick('round-robin', { ipv4: '192.168.178.4' })).toMatchObject({ ok: false, reason: 'outside', text: '192.168.178.4 is outside of 10.30.0.0/16' });
    expect(addresses.pick('round-robin', { ipv4: '10.30.0.0' })).toMatchObject({ ok: false, reason: 'outside' });
    expect(addresses.pick('round-robin', { ipv4: '', ipv6: '' })).toMatchObject({ ok: true });
  });

  test('a pin far from the beginning of its range is inside', () => {
    expect(new ServiceAddresses().pick('round-robin', { ipv6: 'fdff:2000:1:2:3:4:5:6' })).toMatchObject({ ok: true, ipv6: 'fdff:2000:1:2:3:4:5:6' });
  });

  test('a pinned IPv6 in another spelling is the same address', () => {
    const addresses = new ServiceAddresses();
    addresses.take({ ipv4: '10.30.1.1', ipv6: 'fdff:2000::a' }, 'one');
    expect(addresses.pick('round-robin', { ipv6: 'FDFF:2000:0::000A' })).toMatchObject({ ok: false, reason: 'taken' });
    expect(addresses.ownerOf('fdff:2000:0:0:0:0:0:A')).toBe('one');
  });

  test('an automatic pair steps over a pinned IPv6', () => {
    const addresses = new ServiceAddresses();
    addresses.take({ ipv4: '10.30.9.9', ipv6: 'fdff:2000::1' }, 'one');
    expect(addresses.pick('round-robin')).toMatchObject({ ok: true, ipv4: '10.30.0.2' });
  });

  test('a small range is used to its end, then the ones freed longest ago come again, then it says so', () => {
    const plan = { ...defaultServicePlan, v4: '10.30.0.0/29' };
    const addresses = new ServiceAddresses(plan);
    const had: AddressPair[] = [];
    for (let i = 0; i < 6; i++) {
      const picked = addresses.pick('instance');
      if (!picked.ok) throw new Error(picked.text);
      addresses.take(picked, `i${i}`);
      had.push(picked);
    }
    expect(addresses.pick('instance')).toMatchObject({ ok: false, reason: 'exhausted', text: 'no address is left in 10.30.0.0/29' });
    addresses.free(had[3]!);
    addresses.free(had[1]!);
    expect(addresses.pick('instance')).toMatchObject({ ok: true, ipv4: had[3]!.ipv4 });
  });

  test('a restart knows what is taken and what was freed first', () => {
    const addresses = new ServiceAddresses({ ...defaultServicePlan, v4: '10.30.0.0/30' });
    addresses.load([{ ipv4: '10.30.0.2', freed: 7 }, { ipv4: '10.30.0.1', freed: 9 }]);
    expect(addresses.pick('instance')).toMatchObject({ ok: true, ipv4: '10.30.0.2' });
  });

  test('whatever is taken, pinned and freed: no address has two owners, all lie in their ranges', () => {
    const step = oneof(
      record({ kind: constantFrom('auto'), purpose: constantFrom('round-robin' as const, 'closest' as const, 'instance' as const) }),
      record({ kind: constantFrom('pin'), v4: integer({ min: 0, max: 20 }), v6: integer({ min: 0, max: 20 }) }),
      record({ kind: constantFrom('free'), at: nat(30) }),
    );
    assert(property(array(step, { maxLength: 60 }), (steps) => {
      const addresses = new ServiceAddresses({ ...defaultServicePlan, v4: '10.30.0.0/28' });
      const held: (AddressPair & { purpose: 'round-robin' | 'closest' | 'instance' })[] = [];
      for (const one of steps) {
        if ('at' in one) { const [gone] = held.splice(one.at % Math.max(1, held.length), 1); if (gone) addresses.free(gone); continue; }
        const purpose = 'purpose' in one ? one.purpose : 'round-robin';
        const picked = addresses.pick(purpose, 'v4' in one ? { ipv4: `10.30.0.${one.v4}`, ipv6: `fdff:2000::${one.v6.toString(16)}` } : {});
        if (!picked.ok) continue;
        addresses.take(picked, 'x');
        held.push({ ...picked, purpose });
      }
      const all = held.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
      expect(new Set(all).size).toBe(all.length);
      for (const { ipv4, ipv6, purpose } of held) {
        expect(contains(range('10.30.0.0/28'), ipv4)).toBe(true);
        expect(contains(range(defaultServicePlan.v6[purpose]), ipv6)).toBe(true);
      }
    }));
  });
});
