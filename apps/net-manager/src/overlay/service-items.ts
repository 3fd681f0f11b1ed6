import type { Backend, ServiceRoute } from '@oak/contracts';
import { counterName, memberSet, printServiceChain, scopeChain, slotMap, type Role } from '../datapath/chains.ts';
import { item } from '../datapath/items.ts';
import type { Items } from './claims.ts';
import { nearest, type Place } from './nearest.ts';
import { scopeOf } from './scopes.ts';
import { shardOf, type SlotSpace } from './slot-space.ts';
import { hashSlots, rotation } from './spread.ts';

export const slotOwner = (role: Role, serviceId: string): string => `${role} ${serviceId}`;

/** All that the kernel needs for one service. `route` is known to be good. Takes its ranges of slots from `slots`. */
export function serviceItems(route: ServiceRoute, place: Place | undefined, slots: SlotSpace): Items {
  const { roundRobin, closest } = route.addresses;
  const backends = route.backends.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return new Map([
    ...target(route, 's', roundRobin, backends, slots),
    ...(closest ? target(route, 'c', closest, nearest(backends, place), slots) : []),
    ...(backends.length > 0 ? [[item.counter(counterName(route.id)), ''] as const] : []),
    ...backends.flatMap((backend) => backendItems(route, backend)),
  ]);
}

/** The address of the service goes to a chain that picks a slot; without instances it goes nowhere and is refused. */
function target(route: ServiceRoute, role: Role, address: { ipv4: string; ipv6: string }, backends: readonly Backend[], slots: SlotSpace): [string, string][] {
  const { id, affinity } = route;
  const order = affinity === 'client' ? hashSlots : rotation;
  const choose = (addressOf: (backend: Backend) => string | undefined) =>
    order(backends.flatMap((backend) => { const to = addressOf(backend); return to === undefined ? [] : [{ id: backend.id, address: to, weight: backend.weight ?? 1 }]; }));
  const [four, six] = [choose(({ namespaceIpv4 }) => namespaceIpv4), choose(({ namespaceIpv6 }) => namespaceIpv6)];
  if (four.length + six.length === 0) { slots.release(slotOwner(role, id), shardOf(id)); return []; }
  const offset = slots.reserve(slotOwner(role, id), shardOf(id), Math.max(four.length, six.length));
  const chain = printServiceChain({ role, id, offset, slots4: four.length, slots6: six.length, mode: affinity === 'client' ? 'hash' : 'inc' });
  const allow = `goto ${scopeChain(scopeOf(route.policy, route.applicationId, route.organisation))}`;
  const numbered = (family: 4 | 6, addresses: readonly string[]) => addresses.map((to, i): [string, string] => [item.element(slotMap(family, id), String(offset + i)), to]);
  return [
    [item.chain(chain), ''],
    ...(four.length > 0 ? [[item.element('svc4', address.ipv4), `goto ${chain}`], [item.element('allow4', address.ipv4), allow]] satisfies [string, string][] : []),
    ...(six.length > 0 ? [[item.element('svc6', address.ipv6), `goto ${chain}`], [item.element('allow6', address.ipv6), allow]] satisfies [string, string][] : []),
    ...numbered(4, four), ...numbered(6, six),
  ];
}

/** The instance by its own address, and who may reach it. */
function backendItems(route: ServiceRoute, { ipv4, ipv6, namespaceIpv4, namespaceIpv6 }: Backend): [string, string][] {
  const scope = scopeOf(route.policy, route.applicationId, route.organisation);
  const allow = `goto ${scopeChain(scope)}`;
  return [
    [item.set(memberSet(4, scope)), ''], [item.set(memberSet(6, scope)), ''], [item.chain(scopeChain(scope)), ''],
    [item.element('one4', ipv4), namespaceIpv4], [item.element('allow4', ipv4), allow], [item.element('allow4', namespaceIpv4), allow],
    ...(namespaceIpv6 === undefined ? [] : [[item.element('one6', ipv6), namespaceIpv6], [item.element('allow6', ipv6), allow], [item.element('allow6', namespaceIpv6), allow]] satisfies [string, string][]),
  ];
}
