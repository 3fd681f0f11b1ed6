import type { Backend, ServiceRoute } from '@oak/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveName, type NameOutcome } from './resolve-name.ts';
import type { Caller } from './service-names.ts';
import { searchDomainsOf, zone } from './zone.ts';
import { serviceRoute } from './testing/service-route.ts';

const backend = (instanceNumber: number): Backend => ({
  id: String(instanceNumber).padStart(24, 'b'), instanceNumber, ipv4: `10.30.8.${instanceNumber}`, ipv6: `fdff:2::${instanceNumber}`, namespaceIpv4: '10.18.0.2', cluster: 'c', node: 'n',
});
const caller: Caller = { applicationId: 'a'.repeat(24), organisation: 'acme', application: 'shop', namespace: 'prod' };
const db = serviceRoute('shop.prod.db.back', 1, { applicationId: caller.applicationId, organisation: 'acme', backends: [backend(0), backend(3)] });
const routes = [
  db,
  serviceRoute('mail.prod.smtp.front', 2, { organisation: 'acme', policy: 'organisation', addresses: { closest: { ipv4: '10.30.1.2', ipv6: 'fdff:1::2' } } }),
  serviceRoute('mail.prod.secret.front', 3, { organisation: 'acme' }),
  serviceRoute('maps.prod.tiles.front', 4, { organisation: 'other', policy: 'public' }),
  serviceRoute('maps.prod.inner.front', 5, { organisation: 'other', policy: 'organisation' }),
];
const resolve = (name: string, type = 'A', known: readonly ServiceRoute[] = routes): NameOutcome => resolveName({ name, type }, caller, known);
const addresses = (outcome: NameOutcome): unknown => (outcome.kind === 'known' ? outcome.records.map(({ content }) => content) : outcome.kind);

describe('a name of a service', () => {
  it.each(['db.shop', 'DB.Shop.', 'db.back.shop.prod', 'db.shop.oak.internal', 'db.back.shop.prod.OAK.internal.', 'db.shop.prod.oak.internal'])('%s is its address', (name) => {
    expect(resolve(name)).toEqual({ kind: 'known', records: [{ type: 'A', content: '10.30.0.1', ttlSeconds: 5 }] });
    expect(resolve(name, 'AAAA')).toEqual({ kind: 'known', records: [{ type: 'AAAA', content: 'fdff::1', ttlSeconds: 5 }] });
    expect(resolve(name, 'MX')).toEqual({ kind: 'known', records: [] });
    expect(addresses(resolve(name, 'ANY'))).toEqual(['10.30.0.1', 'fdff::1']);
  });

  it('is found by the microservice alone through the search domains, and so is one of another application by its short name', () => {
    const search = searchDomainsOf('shop', 'Prod');
    expect(search).toEqual(['shop.prod.oak.internal', 'oak.internal']);
    expect(search.map((domain) => addresses(resolve(`db.${domain}`)))).toEqual([['10.30.0.1'], 'unknown']);
    expect(search.map((domain) => addresses(resolve(`tiles.maps.${domain}`)))).toEqual(['unknown', ['10.30.0.4']]);
  });

  it.each([
    ['smtp.mail', ['10.30.0.2']], ['secret.mail', 'elsewhere'], ['secret.mail.oak.internal', 'unknown'], ['inner.maps.oak.internal', 'unknown'],
    // Another organisation cannot stand in front of a name that may be somebody's on the internet.
    ['tiles.maps', 'elsewhere'], ['tiles.front.maps.prod', 'elsewhere'], ['tiles.maps.oak.internal', ['10.30.0.4']],
    ['db.shop.prod', 'elsewhere'], ['db', 'elsewhere'], ['example.com', 'elsewhere'], ['.', 'elsewhere'], ['internal', 'elsewhere'], ['db.oak.internal.com', 'elsewhere'],
    ['nothing.oak.internal', 'unknown'], ['x.db.shop.oak.internal', 'unknown'], ['db.other.shop.prod.oak.internal', 'unknown'],
  ])('%s is %j', (name, expected) => {
    expect(addresses(resolve(name))).toEqual(expected);
  });

  it.each(['shop.oak.internal', 'prod.oak.internal', 'shop.prod.oak.internal', 'back.shop.prod.oak.internal', 'oak.internal'])('%s exists without an address, since longer names do', (name) => {
    expect(resolve(name)).toEqual({ kind: 'known', records: [] });
  });

  it('hides what lies above a service that the caller may not reach', () => {
    expect(resolve('mail.oak.internal', 'A', [routes[2] as ServiceRoute])).toEqual({ kind: 'unknown' });
  });

  it('has an owner: the zone says so', () => {
    expect(resolve('Oak.Internal', 'SOA')).toEqual({ kind: 'known', records: [{ type: 'SOA', content: '', ttlSeconds: 5 }] });
  });
});

describe('names of instances', () => {
  it.each([
    ['_instance.db.shop', ['10.30.8.0', '10.30.8.3']], ['3._instance.db.shop.oak.internal', ['10.30.8.3']], ['_INSTANCE.db.back.shop.prod', ['10.30.8.0', '10.30.8.3']],
    ['1._instance.db.shop', 'unknown'], ['03._instance.db.shop', 'elsewhere'], ['x._instance.db.shop.oak.internal', 'unknown'],
    ['_instance.smtp.mail', []], ['0._instance.smtp.mail', 'unknown'], ['_instance.nothing.shop', 'elsewhere'],
    ['_closest.smtp.mail', ['10.30.1.2']], ['_closest.db.shop', 'unknown'], ['_closest.smtp.front.mail.prod.oak.internal', ['10.30.1.2']],
  ])('%s is %j', (name, expected) => {
    expect(addresses(resolve(name))).toEqual(expected);
  });

  it('may be kept for a second only', () => {
    expect(resolve('3._instance.db.shop', 'AAAA')).toEqual({ kind: 'known', records: [{ type: 'AAAA', content: 'fdff:2::3', ttlSeconds: 1 }] });
  });
});

describe('addresses', () => {
  const six = (tail: string, group: string): string => `${tail.padStart(4, '0').split('').toReversed().join('.')}.${'0.'.repeat(20)}${group.split('').toReversed().join('.')}.f.f.d.f.ip6.arpa`;

  it.each([
    ['1.0.30.10.in-addr.arpa', ['db.back.shop.prod.oak.internal']], ['3.8.30.10.IN-ADDR.ARPA.', ['3._instance.db.back.shop.prod.oak.internal']],
    ['2.1.30.10.in-addr.arpa', ['_closest.smtp.front.mail.prod.oak.internal']], [six('1', '0000'), ['db.back.shop.prod.oak.internal']],
    [six('3', '0002'), ['3._instance.db.back.shop.prod.oak.internal']], ['4.0.30.10.in-addr.arpa', ['tiles.front.maps.prod.oak.internal']],
    ['3.0.30.10.in-addr.arpa', 'elsewhere'], ['8.8.8.8.in-addr.arpa', 'elsewhere'], ['1.0.30.010.in-addr.arpa', 'elsewhere'], ['0.30.10.in-addr.arpa', 'elsewhere'],
  ])('%s is %j', (name, expected) => {
    expect(addresses(resolve(name, 'PTR'))).toEqual(expected);
  });

  it('have no address themselves', () => {
    expect(resolve('1.0.30.10.in-addr.arpa', 'A')).toEqual({ kind: 'known', records: [] });
  });
});

describe('a name that fits several services', () => {
  const own = serviceRoute('api.dev.web.zz', 10, { applicationId: caller.applicationId, organisation: 'acme' });
  const colleague = serviceRoute('api.dev.web.yy', 11, { organisation: 'acme', policy: 'public' });
  const near = serviceRoute('api.prod.web.xx', 12, { organisation: 'other', policy: 'public' });
  const nearer = serviceRoute('api.prod.web.prod', 13, { organisation: 'other', policy: 'public' });
  const first = serviceRoute('api.dev.web.aa', 14, { organisation: 'other', policy: 'public' });
  const last = serviceRoute('api.dev.web.bb', 15, { organisation: 'other', policy: 'public' });
  const order = [own, colleague, nearer, near, first, last];

  it.each(order.map((route, at) => [route.name, at] as const))('is %s when nothing closer is there', (_name, at) => {
    const left = order.slice(at);
    expect(addresses(resolve('web.api.oak.internal', 'A', left.toReversed()))).toEqual([order[at]?.addresses.roundRobin.ipv4]);
  });
});

describe('whatever is asked', () => {
  const label = fc.constantFrom('db', 'shop', 'prod', 'back', 'mail', 'smtp', 'secret', 'maps', 'tiles', 'inner', 'front', '_instance', '_closest', '0', '3', 'oak', 'internal', 'arpa', 'in-addr', '');
  const name = fc.oneof(fc.string(), fc.array(label, { maxLength: 8 }).map((labels) => labels.join('.')));

  it('gets an answer that does not depend on case, on the order of routes or on a dot at the end, and that never names what is out of reach', () => {
    fc.assert(fc.property(name, fc.constantFrom('A', 'AAAA', 'PTR', 'ANY', 'TXT'), (asked, type) => {
      const outcome = resolve(asked, type);
      expect(resolve(asked.toUpperCase(), type)).toEqual(resolve(asked.toLowerCase(), type));
      expect(resolve(asked, type, routes.toReversed())).toEqual(outcome);
      if (!asked.endsWith('.')) expect(resolve(`${asked}.`, type)).toEqual(outcome);
      expect(JSON.stringify(outcome)).not.toMatch(/10\.30\.0\.[35]"|fdff::[35]"|secret|inner/);
    }));
  });

  it('is elsewhere only outside our zone', () => {
    fc.assert(fc.property(name, (asked) => { expect(resolve(`${asked}.${zone}`).kind).not.toBe('elsewhere'); }));
  });
});
