import type { Document } from '@oak/store';
import { expect, test } from 'vitest';
import type { InstanceRecord } from '../instances/instance-record.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import { routedOf } from './routes.ts';

const service = { owner: 'u', organisation: 'o' } as ServiceRecord;
const tunnel = { host: '192.0.2.7', port: 50_103, subnets: [{ v4: '10.18.0.0/26', v6: 'fc00::/120' }] };
function instance(report: Partial<NonNullable<InstanceRecord['report']>> = {}, more: Partial<InstanceRecord> = {}): Pick<Document<InstanceRecord>, 'id' | 'body'> {
  return { id: 'i1', body: {
    serviceId: 's1', applicationId: 'a1', number: 0, cluster: 'c1', desired: 'run', status: 'RUNNING', addresses: { ipv4: '10.30.0.1', ipv6: 'fdff::1' },
    report: { id: 'i1', attempt: 0, status: 'RUNNING', detail: '', restarts: 0, node: 'n1', ipv4: '10.18.0.2', ipv6: 'fc00::2', tunnel, ...report }, ...more,
  } as InstanceRecord };
}
const owns = (cluster: string, range: string): boolean => cluster === 'c1' && /^(10\.18\.0\.|fc00::)/.test(range);

test('an instance that runs and answers takes calls, where its cluster says', () => {
  expect(routedOf(instance(), service, owns)).toMatchObject({ receiver: 'c1', host: { cluster: 'c1', node: 'n1', tunnel }, backend: { ipv4: '10.30.0.1', namespaceIpv4: '10.18.0.2' } });
});

test.each([
  ['does not answer yet', instance({ ready: false })], ['shall go', instance({}, { desired: 'gone' })], ['has ended', instance({}, { status: 'DEAD' })], ['has no instance IPs', instance({}, { addresses: undefined })],
  ['is said to be at an address of another cluster', instance({ ipv4: '10.18.8.2' })], ['is said to be at an IPv6 of another cluster', instance({ ipv6: 'fd00::2' })],
])('one that %s takes none, but its node is known', (_, one) => {
  const routed = routedOf(one, service, owns);
  expect([routed?.backend, routed?.host?.node]).toEqual([undefined, 'n1']);
});

test('a cluster that claims the ranges of another one is not believed', () => {
  const claimed = { ...tunnel, subnets: [...tunnel.subnets, { v4: '10.18.8.0/26', v6: 'fc00::2000/120' }] };
  expect(routedOf(instance({ tunnel: claimed }), service, (cluster, range) => owns(cluster, range) && range !== 'fc00::2000/120')).toEqual({ id: 'i1', serviceId: 's1', applicationId: 'a1', organisation: 'o', receiver: 'c1' });
});
