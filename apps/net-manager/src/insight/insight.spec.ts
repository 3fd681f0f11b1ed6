import { describe, expect, test } from 'vitest';
import type { Backend, PeerRoute, Route, ServiceRoute } from '@oak/contracts';
import { linkName } from '../datapath/names.ts';
import { connectionsOf, readTraffic } from './read-counters.ts';
import { trace, type TraceWorld } from './trace.ts';

const id = (letter: string) => letter.repeat(24);
const backend = (n: number, change: Partial<Backend> = {}): Backend => ({
  id: n.toString(16).padStart(24, '0'), instanceNumber: n, ipv4: `10.30.0.${n}`, ipv6: `fdff::${n}`, namespaceIpv4: `10.18.0.${64 + n}`, namespaceIpv6: `fc00::10${n}`, cluster: 'c1', node: 'n2', ...change,
});
const service = (backends: readonly Backend[], change: Partial<ServiceRoute> = {}): ServiceRoute => ({
  kind: 'service', id: id('b'), name: 'shop.prod.web.prod', applicationId: id('a'), organisation: 'acme', policy: 'isolated', affinity: 'none',
  addresses: { roundRobin: { ipv4: '10.30.200.1', ipv6: 'fdff:2000::1' }, closest: { ipv4: '10.30.201.1', ipv6: 'fdff:1000::1' } }, backends: [...backends], ...change,
});
const peer: PeerRoute = { kind: 'peer', id: 'c1/n2', cluster: 'c1', node: 'n2', host: '192.0.2.2', port: 50_103, subnets: [{ v4: '10.18.0.64/26', v6: 'fc00::100/120' }] };
const caller = { instanceId: id('1'), name: 'shop.prod.cart.prod.instance.0', ipv4: '10.18.0.2/26', ipv6: 'fc00::2/120', ports: [], network: { applicationId: id('a'), organisation: 'acme', ipv4: '10.30.0.100', ipv6: 'fdff::100' } };
const servicesOf = (routes: readonly Route[]): ServiceRoute[] => routes.filter((route) => route.kind === 'service');
const world = ({ routes = [service([backend(1), backend(2, { node: 'n1' })]), peer], ...change }: Partial<TraceWorld> = {}): TraceWorld => ({
  place: { cluster: 'c1', node: 'n1' }, attached: [caller], routes, named: servicesOf(routes), mtu: 1450, problems: [], distanceTo: () => undefined,
  addresses: { subnets: [], nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] } }, ...change,
});
const ask = (to: string, change: Partial<TraceWorld> = {}, from = caller.instanceId) => trace({ from, to, protocol: 'tcp', port: 80 }, world(change));

describe('a trace', () => {
  test.each(['10.30.200.1', 'fdff:2000:0::1', 'web.shop', 'Web.Shop.oak.internal', 'web.prod.shop.prod', 'web.shop.prod.oak.internal', 'Shop.prod.web.prod'])('%s leads to every instance, with its way', (to) => {
    const { ok, steps } = ask(to);
    expect([ok, steps.map(({ step }) => step)]).toEqual([true, ['source', 'destination', 'policy', 'instances', 'instance', 'instance']]);
    expect(steps[4]?.text).toContain('through the tunnel to 192.0.2.2 port 50103/udp, in packets of at most 1450 bytes');
    expect(steps[5]?.text).toContain('on this node');
  });

  test('the closest, one instance, and its namespace IP', () => {
    expect(ask('10.30.201.1').steps.filter(({ step }) => step === 'instance').map(({ text }) => text)).toEqual([expect.stringContaining('instance 2 (10.18.0.66) on c1/n1')]);
    for (const to of ['10.30.0.1', '10.18.0.65', 'fdff::1', 'fc00::101']) expect(ask(to).steps[1]?.text).toBe(`${to} is instance 1 of shop.prod.web.prod`);
  });

  test('a name leads where the name server leads this caller', () => {
    const text = (to: string, change?: Partial<TraceWorld>) => { const { ok, steps } = ask(to, change); return [ok, steps[1]?.text, ...steps.filter(({ step }) => step === 'instance').map((one) => one.text.slice(0, 22))]; };
    expect(text('_closest.web.shop')).toEqual([true, '_closest.web.shop is 10.30.201.1; 10.30.201.1 is the service shop.prod.web.prod, the closest instances', 'instance 2 (10.18.0.66']);
    expect(text('1._instance.web.shop')).toEqual([true, '1._instance.web.shop is 10.30.0.1; 10.30.0.1 is instance 1 of shop.prod.web.prod', 'instance 1 (10.18.0.65']);
    // Two have the short name: the caller's own comes first, and a stranger's may be somebody's on the internet.
    const [stranger, own] = [service([], { id: id('c'), name: 'shop.dev.web.dev', applicationId: id('c'), organisation: 'other', policy: 'public', addresses: { roundRobin: { ipv4: '10.30.200.2', ipv6: 'fdff:2000::2' } } }), service([backend(1)])];
    expect(text('web.shop', { routes: [stranger, own, peer] })[1]).toContain('web.shop is 10.30.200.1; ');
    expect(text('web.shop', { routes: [stranger] })).toEqual([true, expect.stringContaining('leaves under the node\'s own address')]);
    for (const to of ['example.com', 'db.shop']) expect(text(to)).toEqual([true, expect.stringContaining(`${to} is no name of a service for this caller`)]);
  });

  test('the rest of the world is left alone', () => {
    expect(ask('203.0.113.9')).toEqual({ ok: true, steps: [expect.anything(), { ok: true, step: 'destination', text: '203.0.113.9 is no address of the overlay: it leaves under the node\'s own address' }] });
  });

  test.each<[string, string, Partial<TraceWorld>, string, string]>([
    ['nobody', '10.30.200.1', { attached: [] }, 'source', 'has no network on this node'],
    ['an instance outside the overlay', '10.30.200.1', { attached: [(({ network: _, ...rest }) => rest)(caller)] }, 'source', 'takes no part'],
    ['an unknown address', '10.30.9.9', {}, 'destination', 'unknown here: refused at once'],
    ['an unknown name', 'db.shop.oak.internal', {}, 'destination', 'db.shop.oak.internal does not exist for this caller'],
    ['a name above names', 'shop.oak.internal', {}, 'destination', 'shop.oak.internal has no address'],
    ['a stranger\'s name', 'web.shop.oak.internal', { routes: [service([backend(1)], { applicationId: id('c') })] }, 'destination', 'does not exist for this caller'],
    ['a stranger\'s whole name', 'shop.prod.web.prod', { routes: [service([backend(1)], { applicationId: id('c') })] }, 'policy', 'for its own application'],
    ['a service that the kernel could not be given', 'web.shop', { routes: [], named: [service([])] }, 'destination', '10.30.200.1 is unknown here'],
    ['a stranger', '10.30.200.1', { routes: [service([backend(1)], { applicationId: id('c') })] }, 'policy', 'for its own application; the caller is not: refused at once'],
    ['a service without instances', '10.30.200.1', { routes: [service([])] }, 'instances', 'no running instance: refused at once'],
    ['a guest without IPv6', 'fdff:2000::1', { routes: [service([(({ namespaceIpv6: _, ...rest }) => rest)(backend(1))])] }, 'instances', 'no instance with IPv6'],
    ['a node that nobody told of', '10.30.200.1', { routes: [service([backend(1)])] }, 'instance', 'was not told where that node is'],
    ['an address of another node', '10.30.200.1', { routes: [service([backend(1, { namespaceIpv4: '10.18.9.9' })]), peer] }, 'instance', 'in none of that node\'s subnets'],
    ['a node without tunnels', '10.30.200.1', { routes: [service([backend(1)]), peer], problems: ['no vxlan'] }, 'instance', 'no vxlan'],
  ])('%s: says where it ends', (_, to, change, at, text) => {
    const { ok, steps } = ask(to, change);
    expect([ok, steps.at(-1)]).toEqual([false, { ok: false, step: at, text: expect.stringContaining(text) as string }]);
  });

  test('many instances make a short answer', () => {
    const { steps } = ask('10.30.200.1', { routes: [service(Array.from({ length: 200 }, (_, n) => backend(n, { namespaceIpv4: '10.18.0.70' }))), peer] });
    expect(steps.length).toBeLessThan(32);
    expect(steps.at(-1)?.text).toBe('and 192 more');
  });
});

describe('counters', () => {
  test('connections by service; others\' counters are not ours', () => {
    expect(connectionsOf(new Map([[`n_${id('b')}`, 7], ['x', 1]]))).toEqual(new Map([[id('b'), 7]]));
  });

  test('what the node\'s end sent the instance received', () => {
    const side = (bytes: number) => ({ bytes, packets: bytes * 10, dropped: 1, errors: 0 });
    expect(readTraffic([{}, { ifname: linkName(id('1')), stats64: { rx: side(1), tx: side(2) } }], [id('1'), id('2')]))
      .toEqual([{ instanceId: id('1'), rxBytes: 2, txBytes: 1, rxPackets: 20, txPackets: 10, drops: 2 }]);
  });
});
