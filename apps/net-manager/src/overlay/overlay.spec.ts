import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSubnet, printSubnet } from '@oak/addressing';
import type { Backend, PeerRoute, Route, ServiceRoute } from '@oak/contracts';
import { routesSchema } from '@oak/contracts';
import { FakeClock } from '@oak/reconcile/testing';
import { parseServiceChain, rulesOf, setTypeOf } from '../datapath/chains.ts';
import { itemScripts } from '../datapath/item-script.ts';
import { itemText } from '../datapath/item-text.ts';
import { isNft, item, parseItem } from '../datapath/items.ts';
import { tunnelMac } from '../datapath/names.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { itemSteps } from '../netlink/item-steps.ts';
import { Claims } from './claims.ts';
import { goodRoute } from './good-route.ts';
import { nearest } from './nearest.ts';
import { Overlay, type NodeAddresses } from './overlay.ts';
import { Parting } from './parting.ts';
import { shardCount, SlotSpace } from './slot-space.ts';

describe('ranges of slots', () => {
  test('never overlap, are reused, and stay where they are while they are large enough', () => {
    const step = fc.record({ owner: fc.integer({ min: 0, max: 12 }), slots: fc.integer({ min: 0, max: 40 }) });
    fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const space = new SlotSpace();
      const held = new Map<number, { from: number; to: number }>();
      for (const { owner, slots } of steps) {
        if (slots === 0) { space.release(String(owner), 0); held.delete(owner); continue; }
        const known = held.get(owner);
        const from = space.reserve(String(owner), 0, slots);
        if (known && known.to - known.from >= slots && known.from !== from) expect(known.to - known.from).toBeGreaterThan(slots);
        held.set(owner, { from, to: from + slots });
        const all = [...held].filter(([other]) => other !== owner).map(([, range]) => range);
        expect(all.some((range) => range.from < from + slots && from < range.to)).toBe(false);
      }
      expect(Math.max(0, ...[...held.values()].map(({ to }) => to))).toBeLessThan(13 * 64 * 2);
    }));
  });

  test('what the kernel has is believed unless two have it', () => {
    const space = new SlotSpace();
    expect([space.adopt('a', 3, 8, 3), space.adopt('b', 3, 10, 2), space.reserve('a', 3, 4), space.reserve('b', 3, 2)]).toEqual([true, false, 8, 0]);
    expect(() => space.reserve('x', shardCount, 1)).toThrow('not in 0..');
  });
});

describe('claims', () => {
  test('tell each step once; two owners of one thing keep it until both let go', () => {
    const claims = new Claims();
    claims.set('a', new Map([['x', '1'], ['y', '']]));
    claims.set('b', new Map([['y', '']]));
    expect(claims.take()).toEqual([{ id: 'x', from: undefined, to: '1' }, { id: 'y', from: undefined, to: '' }]);
    claims.set('a', new Map([['x', '2']]));
    claims.set('a', new Map([['x', '3']]));
    expect(claims.take()).toEqual([{ id: 'x', from: '1', to: '3' }]);
    claims.set('b');
    claims.set('a', new Map([['x', '4']]));
    claims.set('a', new Map([['x', '3']]));
    expect(claims.take()).toEqual([{ id: 'y', from: '', to: undefined }]);
  });

  test('when two want different things who had it first keeps it, and it is said', () => {
    const claims = new Claims();
    claims.set('a', new Map([['x', 'a']]));
    claims.set('b', new Map([['x', 'b']]));
    expect([claims.value('x'), claims.disputes()]).toEqual(['a', [{ id: 'x', owners: ['a', 'b'] }]]);
    claims.set('b', new Map([['x', 'a']]));
    expect(claims.disputes()).toEqual([]);
    claims.set('b', new Map([['x', 'b']]));
    claims.set('a');
    expect([claims.value('x'), claims.disputes()]).toEqual(['b', []]);
  });

  test('following the steps leads to what all want together', () => {
    const change = fc.record({ owner: fc.constantFrom('a', 'b', 'c'), items: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('', '1', '2')), take: fc.boolean() });
    fc.assert(fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const claims = new Claims();
      const kernel = new Map<string, string>();
      const follow = () => { for (const { id, from, to } of claims.take()) { expect(kernel.get(id)).toBe(from); if (to === undefined) kernel.delete(id); else kernel.set(id, to); } };
      for (const { owner, items, take } of changes) { claims.set(owner, new Map(Object.entries(items))); if (take) follow(); }
      follow();
      expect([...kernel].toSorted()).toEqual([...claims.all()].toSorted());
    }));
  });
});

describe('parting', () => {
  const parted = () => {
    const [clock, ended] = [new FakeClock(), [] as string[]];
    return { clock, ended, parting: new Parting({ clock, graceMs: 2000, end: (addresses) => { ended.push(addresses.join()); } }) };
  };
  const seats = (addresses: string, backend = 'x') => [...addresses].map((address) => ({ address, backend }));

  test('ends after the grace; an address with another owner ends its past at once; a second leave waits anew', async () => {
    const { clock, ended, parting } = parted();
    parting.gone(seats('ab'));
    await clock.advance(1000);
    parting.gone(seats('b'));
    parting.came(seats('c'));
    await clock.advance(1000);
    expect(ended).toEqual(['a']);
    parting.came(seats('b', 'y'));
    await clock.advance(5000);
    expect([ended, clock.waiting]).toEqual([['a', 'b'], 0]);
  });

  test('who is back within the grace keeps its connections', async () => {
    const { clock, ended, parting } = parted();
    parting.gone(seats('ab'));
    await clock.advance(1000);
    parting.came(seats('a'));
    await clock.advance(5000);
    expect(ended).toEqual(['b']);
  });

  test('nobody waits for nothing, and all waits end together', async () => {
    const { clock, ended, parting } = parted();
    parting.gone([]);
    expect(clock.waiting).toBe(0);
    parting.gone(seats('a'));
    parting.gone(seats('a'));
    parting.gone(seats('b'));
    parting.came(seats('b'));
    parting.stop();
    expect(clock.waiting).toBe(0);
    await clock.advance(5000);
    expect(ended).toEqual([]);
  });
});

const addresses: NodeAddresses = {
  subnets: [{ v4: '10.18.0.64/26', v6: 'fc00::100/120' }], nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] },
};
const ranges = { nodes: addresses.nodeRanges, services: addresses.serviceRanges };
const can = { services: true, guard: true, tunnels: true };
const backend = (n: number, change: Partial<Backend> = {}): Backend => ({
  id: n.toString(16).padStart(24, '0'), instanceNumber: n, ipv4: `10.30.0.${n}`, ipv6: `fdff::${n}`, namespaceIpv4: `10.18.1.${n}`, namespaceIpv6: `fc00::4${n}`, cluster: 'c1', node: 'n2', ...change,
});
const service = (n: number, backends: readonly Backend[], change: Partial<ServiceRoute> = {}): ServiceRoute => ({
  kind: 'service', id: n.toString(16).padStart(24, 'b'), name: `shop.prod.s${n}.prod`, applicationId: 'a'.repeat(24), organisation: 'acme', policy: 'isolated', affinity: 'none',
  addresses: { roundRobin: { ipv4: `10.30.200.${n}`, ipv6: `fdff:2000::${n}` }, closest: { ipv4: `10.30.201.${n}`, ipv6: `fdff:1000::${n}` } }, backends: [...backends], ...change,
});
const peer = (n: number, change: Partial<PeerRoute> = {}): PeerRoute => ({
  kind: 'peer', id: `c1/n${n}`, cluster: 'c1', node: `n${n}`, host: `192.0.2.${n}`, port: 50_103, subnets: [{ v4: `10.18.${n}.0/26`, v6: `fc00::${n}00/120` }], ...change,
});
const instance = (n: number): Remembered => ({
  instanceId: backend(n).id, name: `i${n}`, ipv4: `10.18.0.${64 + n}/26`, ipv6: `fc00::1${n}/120`, ports: [], network: { applicationId: 'a'.repeat(24), organisation: 'acme', ipv4: backend(n).ipv4, ipv6: backend(n).ipv6 },
});
const overlayOf = (): Overlay => {
  const overlay = new Overlay({ bridge: 'oak0', place: { cluster: 'c1', node: 'n1' }, can, distanceTo: () => undefined });
  overlay.setAddresses(addresses);
  return overlay;
};

const value = (overlay: Overlay, set: string, key: string) => overlay.claims.value(item.element(set, key));

describe('routes that are told', () => {
  test.each<[string, Route]>([
    ['a service with an address of the world', service(1, [], { addresses: { roundRobin: { ipv4: '8.8.8.8', ipv6: 'fdff::1' } } })],
    ['a service with an address of a node', service(1, [], { addresses: { roundRobin: { ipv4: '10.18.0.1', ipv6: 'fdff::1' } } })],
    ['a closest address of the world', service(1, [], { addresses: { roundRobin: { ipv4: '10.30.0.1', ipv6: 'fdff::1' }, closest: { ipv4: '10.30.0.2', ipv6: '2001:db8::1' } } })],
    ['a node at a name', peer(2, { host: 'gate.example' })],
    ...['127.0.0.1', '0.0.0.0', '255.255.255.255', '::', '::1', 'ff02::1', 'fe80::1', '10.18.1.1', 'fdff::1'].map((host): [string, Route] => [`a node at ${host}`, peer(2, { host })]),
    ['a node with this node\'s subnet', peer(2, { subnets: [{ v4: '10.18.0.64/26', v6: 'fc00::200/120' }] })],
    ['a node around this node\'s subnet', peer(2, { subnets: [{ v4: '10.18.0.0/24', v6: 'fc00::200/120' }] })],
    ['a node with the whole world', peer(2, { subnets: [{ v4: '0.0.0.0/0', v6: '::/0' }] })],
    ['a node with less than a /26', peer(2, { subnets: [{ v4: '10.18.2.0/27', v6: 'fc00::200/120' }] })],
    ['a node with a subnet outside the ranges', peer(2, { subnets: [{ v4: '192.168.0.0/26', v6: 'fc00::200/120' }] })],
  ])('%s changes nothing and is said', (_, route) => {
    const overlay = overlayOf();
    overlay.claims.take();
    overlay.setRoute(route.id, route);
    expect([overlay.claims.take(), overlay.problems()]).toEqual([[], [expect.any(String)]]);
    overlay.setRoute(route.id, undefined);
    expect(overlay.problems()).toEqual([]);
  });

  test.each<[string, Partial<Backend>]>([['the world', { namespaceIpv4: '8.8.8.8' }], ['the loopback', { namespaceIpv4: '127.0.0.1' }], ['a service', { namespaceIpv4: '10.30.0.9' }], ['an IPv6 of the world', { namespaceIpv6: '2001:db8::1' }], ['an instance IP of the world', { ipv4: '8.8.8.8' }]])(
    'an instance at %s is left out, the others stay', (_, change) => {
      const { route, faults } = goodRoute(service(1, [backend(1), backend(2, change)]), ranges, []);
      expect([route?.kind === 'service' && route.backends.map(({ instanceNumber }) => instanceNumber), faults]).toEqual([[1], ['service shop.prod.s1.prod: instance 2 has addresses that no instance can have']]);
    });

  test('addresses come out as the kernel prints them', () => {
    const { route } = goodRoute(service(1, [backend(1, { ipv6: 'FDFF:0:0:0:0:0:0:1', namespaceIpv6: 'fc00:0::041' })]), ranges, []);
    expect(route?.kind === 'service' && route.backends[0]).toMatchObject({ ipv6: 'fdff::1', namespaceIpv6: 'fc00::41' });
  });

  test.each([['172.16.0.0/16'], ['192.168.0.0/16'], ['10.0.0.0/12'], ['10.16.0.0/12']])('in %s every node has a way of its own, the first one too', (range) => {
    const overlay = new Overlay({ bridge: 'oak0', place: { cluster: 'c1', node: 'n1' }, can, distanceTo: () => undefined });
    overlay.setAddresses({ ...addresses, subnets: [], nodeRanges: { v4: [range], v6: ['fc00::/64'] } });
    const outer = parseSubnet(range);
    const v4 = (n: number) => printSubnet({ family: 4, base: (outer?.base ?? 0n) + BigInt(n * 64), prefix: 26 });
    const all = [0, 1, 2, 1023].map((n) => peer(2, { id: `c1/p${n}`, node: `p${n}`, subnets: [{ v4: v4(n), v6: `fc00::${n.toString(16)}:0/120` }] }));
    overlay.setAddresses({ subnets: [{ v4: v4(3), v6: 'fc00::300/120' }], nodeRanges: { v4: [range], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.96.0.0/16'], v6: ['fdff::/16'] } });
    for (const one of all) overlay.setRoute(one.id, one);
    const marks = all.map(({ cluster, node }) => value(overlay, 'marks', tunnelMac(cluster, node)));
    expect([overlay.problems(), new Set(marks).size, marks.includes(undefined)]).toEqual([[], all.length, false]);
  });

  test('of itself a node is told in vain', () => {
    const overlay = overlayOf();
    overlay.claims.take();
    overlay.setRoute('c1/n1', peer(1, { subnets: [{ v4: '10.18.0.64/26', v6: 'fc00::100/120' }] }));
    expect([overlay.claims.take(), overlay.problems()]).toEqual([[], []]);
  });

  test('whatever parses: nothing reaches the kernel but whole and ours, and nothing is left when all is taken back', () => {
    const text = fc.constantFrom('10.30.0.1', '10.30.0.2', 'fdff::1', 'fdff::2', '10.18.0.70', '10.18.1.1', 'fc00::41', '0.0.0.0', '::', '8.8.8.8', '127.0.0.1', '::ffff:1.2.3.4', '10.30.0.1 } ; flush ruleset', 'x');
    const range = fc.constantFrom('10.18.1.0/26', '10.18.0.64/26', '0.0.0.0/0', 'fc00::200/120', '::/0', '10.18.1.1/26', 'x');
    const pair = fc.record({ ipv4: text, ipv6: text });
    const route = fc.oneof(
      fc.record({
        kind: fc.constant('service'), id: fc.constantFrom('b'.repeat(24), 'c'.repeat(24), 'x y'), name: fc.string({ maxLength: 20 }), applicationId: fc.constantFrom('a'.repeat(24), 'd'.repeat(24)), organisation: fc.string({ minLength: 1, maxLength: 64 }),
        policy: fc.constantFrom('isolated', 'organisation', 'public'), affinity: fc.constantFrom('none', 'client'), addresses: fc.record({ roundRobin: pair, closest: pair }, { requiredKeys: ['roundRobin'] }),
        backends: fc.array(fc.record({ id: fc.constantFrom(backend(1).id, backend(2).id), instanceNumber: fc.nat(3), ipv4: text, ipv6: text, namespaceIpv4: text, namespaceIpv6: text, cluster: fc.constantFrom('c1', 'c 1'), node: fc.constantFrom('n1', 'n2'), weight: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: ['id', 'instanceNumber', 'ipv4', 'ipv6', 'namespaceIpv4', 'cluster', 'node'] }), { maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('peer'), id: fc.constantFrom('c1/n1', 'c1/n2', 'c1/n3'), cluster: fc.constant('c1'), node: fc.constantFrom('n1', 'n2', 'n3'), host: fc.oneof(text, fc.string({ maxLength: 64 })), port: fc.integer({ min: 0, max: 65_536 }), subnets: fc.array(fc.record({ v4: range, v6: range }), { maxLength: 3 }) }),
    );
    fc.assert(fc.property(fc.array(route, { maxLength: 12 }), (routes) => {
      const parsed = routesSchema.safeParse({ kind: 'complete', epoch: 1, revision: 1, routes });
      const sound = parsed.success && parsed.data.kind === 'complete' ? parsed.data.routes : routes.flatMap((one) => { const each = routesSchema.safeParse({ kind: 'complete', epoch: 1, revision: 1, routes: [one] }); return each.success && each.data.kind === 'complete' ? each.data.routes : []; });
      const overlay = overlayOf();
      overlay.attach(instance(1));
      const start = [...overlay.claims.all()].toSorted();
      overlay.claims.take();
      for (const one of sound) overlay.setRoute(one.id, one);
      const changes = overlay.claims.take();
      for (const { id } of changes) {
        const { kind, where, key } = parseItem(id);
        if (kind === 'chain') expect(rulesOf(where)).toBeDefined();
        if (kind === 'set') expect(setTypeOf(where)).toBeDefined();
        // A tunnel may end anywhere in the world.
        if (!/^tunnel[46]$/.test(where) && kind !== 'endpoint') expect(`${where} ${key}`).not.toMatch(/8\.8\.8\.8|127\.|0\.0\.0\.0\/0 |flush/);
      }
      const scripts = itemScripts(changes);
      expect(() => itemSteps(changes)).not.toThrow();
      for (const line of [...itemText(changes).filter((one) => !/ tunnel[46] /.test(one)), ...scripts.ip]) expect(line).not.toMatch(/undefined|8\.8\.8\.8|;.*;|\n/);
      for (const one of sound) overlay.setRoute(one.id, undefined);
      expect([...overlay.claims.all()].toSorted()).toEqual(start);
      expect(overlay.problems()).toEqual([]);
    }), { numRuns: 1000 });
  });
});

describe('the overlay of a node', () => {
  test('a change of one service touches that service alone, and few of its things', () => {
    const overlay = overlayOf();
    for (let n = 1; n <= 100; n += 1) overlay.setRoute(service(n, []).id, service(n, [backend(n), backend(n + 100)]));
    overlay.claims.take();
    overlay.setRoute(service(7, []).id, service(7, [backend(7), backend(107), backend(250)]));
    const changes = overlay.claims.take();
    expect(changes.length).toBeLessThan(40);
    expect(changes.every(({ id, to = '' }) => `${id} ${to}`.includes('b7') || /10\.30\.20[01]\.7|::7$|250/.test(`${id} ${to}`) || id.startsWith('element|slot'))).toBe(true);
  });

  test('with two chains of different length neither reads what is the other\'s', () => {
    const overlay = overlayOf();
    const two = [backend(1, { node: 'n1' }), backend(2), backend(3)];
    overlay.attach(instance(1));
    overlay.setRoute(service(1, []).id, service(1, two));
    const chains = [...overlay.claims.all().keys()].flatMap((id) => { const chain = parseServiceChain(parseItem(id).where); return chain ? [chain] : []; });
    expect(chains.map(({ role, slots4 }) => [role, slots4]).toSorted()).toEqual([['c', 1], ['s', 3]]);
  });

  test('an instance of this node is where it is attached, whatever was told; without a network it answers for nobody', () => {
    const overlay = overlayOf();
    const route = service(1, [backend(1, { node: 'n1', namespaceIpv4: '10.18.0.99' })]);
    overlay.setRoute(route.id, route);
    expect(value(overlay, 'one4', '10.30.0.1')).toBeUndefined();
    overlay.attach(instance(1));
    expect([value(overlay, 'one4', '10.30.0.1'), value(overlay, `d4_a${'a'.repeat(24)}`, '10.18.0.65')]).toEqual(['10.18.0.65', '']);
    overlay.detach(instance(1).instanceId);
    expect([value(overlay, 'one4', '10.30.0.1'), value(overlay, 'svc4', '10.30.200.1')]).toEqual([undefined, undefined]);
  });

  test('who moved is told as gone and as come, and so is an address that has another owner', () => {
    const seat = (address: string, n = 1) => ({ address, backend: backend(n).id });
    const overlay = overlayOf();
    overlay.setRoute(service(1, []).id, service(1, [backend(1)]));
    expect(overlay.setRoute(service(1, []).id, service(1, [backend(1, { namespaceIpv4: '10.18.3.1' })]))).toEqual({ gone: [seat('10.18.1.1')], came: [seat('10.18.3.1')] });
    expect(overlay.setRoute(service(1, []).id, service(1, [backend(2, { namespaceIpv4: '10.18.3.1', namespaceIpv6: 'fc00::41' })]))).toEqual({ gone: [seat('10.18.3.1'), seat('fc00::41')], came: [seat('10.18.3.1', 2), seat('fc00::41', 2)] });
    expect(overlay.setRoute(service(1, []).id, undefined).gone).toEqual([seat('10.18.3.1', 2), seat('fc00::41', 2)]);
  });

  test('two services with one address: one has it, and it is said', () => {
    const overlay = overlayOf();
    overlay.setRoute(service(1, []).id, service(1, [backend(1)]));
    overlay.setRoute(service(2, []).id, service(2, [backend(2)], { addresses: service(1, []).addresses }));
    expect(value(overlay, 'svc4', '10.30.200.1')).toContain(service(1, []).id);
    expect(overlay.problems().join()).toContain('both have 10.30.200.1');
    overlay.setRoute(service(1, []).id, undefined);
    expect(value(overlay, 'svc4', '10.30.200.1')).toContain(service(2, []).id);
    expect(overlay.problems()).toEqual([]);
  });

  test('after a restart every range of slots is where it was', () => {
    const routes = Array.from({ length: 60 }, (_, n) => service(n + 1, [backend(n + 1), backend(n + 61)].slice(0, 1 + (n % 2))));
    const first = overlayOf();
    for (const route of routes.toReversed()) first.setRoute(route.id, route);
    for (const route of routes.slice(0, 20)) first.setRoute(route.id, undefined);
    for (const route of routes.slice(0, 20)) first.setRoute(route.id, route);
    const again = overlayOf();
    again.adopt(first.claims.all());
    for (const route of routes) again.setRoute(route.id, route);
    expect([...again.claims.all()].toSorted()).toEqual([...first.claims.all()].toSorted());
  });

  test('a kernel that can do less is given less, and an instance still its ports', () => {
    const overlay = new Overlay({ bridge: 'oak0', place: { cluster: 'c1', node: 'n1' }, can: { services: false, guard: false, tunnels: false }, distanceTo: () => undefined });
    overlay.setAddresses(addresses);
    overlay.setRoute('c1/n2', peer(2));
    overlay.setRoute(service(1, []).id, service(1, [backend(1)]));
    overlay.attach({ ...instance(1), ports: [{ hostPort: 80, targetPort: 80, protocol: 'tcp' }] });
    const ids = [...overlay.claims.all().keys()];
    expect(ids.filter((id) => /endpoint|slot|svc|from4|\|mac\||oakvx/.test(id))).toEqual([]);
    expect(ids).toContain(item.element('port4', 'tcp . 80'));
  });

  test('nearest: this node, then this cluster, then all', () => {
    const [own, near, far] = [backend(1, { node: 'n1' }), backend(2), backend(3, { cluster: 'c2', node: 'n1' })];
    const place = { cluster: 'c1', node: 'n1' };
    expect([[far, near, own], [far, near], [far], []].map((backends) => nearest(backends, place, () => undefined))).toEqual([[own], [near], [far], []]);
    expect(nearest([far, own], undefined, () => undefined)).toEqual([far, own]);
  });

  test('nearest of several nodes: those that packets reach in about the shortest time; who is not measured is far, unless nobody is', () => {
    const place = { cluster: 'c1', node: 'n9' };
    const [a, b, c] = [backend(1), backend(2), backend(3)].map((one, i) => ({ ...one, node: `n${i + 1}` })) as [Backend, Backend, Backend];
    const by = (distances: Record<string, number>) => nearest([a, b, c], place, (node) => distances[node]);
    expect(by({ 'c1/n1': 20, 'c1/n2': 24, 'c1/n3': 26 })).toEqual([a, b]);
    expect(by({ 'c1/n1': 0.2, 'c1/n2': 1.1, 'c1/n3': 1.4 })).toEqual([a, b]);
    expect(by({ 'c1/n3': 300 })).toEqual([c]);
    expect(by({})).toEqual([a, b, c]);
    expect(nearest([{ ...a, cluster: 'c2' }, b], place, (node) => ({ 'c2/n1': 0.1, 'c1/n2': 90 })[node])).toEqual([b]);
  });

  test('a new distance moves the closest addresses of the services that are there, and nothing else', () => {
    const distances = new Map([['c1/n2', 1], ['c1/n3', 30]]);
    const overlay = new Overlay({ bridge: 'oak0', place: { cluster: 'c1', node: 'n1' }, can, distanceTo: (node) => distances.get(node) });
    overlay.setAddresses(addresses);
    for (const n of [2, 3, 4]) overlay.setRoute(`c1/n${n}`, peer(n));
    const routes = [service(1, [backend(2), backend(3, { node: 'n3' })]), service(2, [backend(5, { node: 'n3' })])];
    for (const route of routes) overlay.setRoute(route.id, route);
    expect(overlay.compared().map(({ id }) => id)).toEqual(['c1/n2', 'c1/n3']);
    overlay.claims.take();
    distances.set('c1/n2', 90);
    overlay.setDistances(new Set(['c1/n2']));
    expect(overlay.claims.take().map(({ from, to }) => [from, to])).toEqual([['10.18.1.2', '10.18.1.3'], ['fc00::42', 'fc00::43']]);
  });

  test('what ip makes and what nft makes are told apart', () => {
    expect([item.element('x', 'y'), item.chain('x'), item.route('main', 'x'), item.lookup(4, 1, 'oak0'), item.address('x', 'y')].map(isNft)).toEqual([true, true, false, false, false]);
    expect(() => parseItem('nonsense')).toThrow('names nothing');
  });
});
