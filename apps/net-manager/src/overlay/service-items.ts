import type { Backend, ServiceRoute } from '@oak/contracts';
import { counterName, openSet, printServiceChain, slotMap, type Role } from '../datapath/chains.ts';
import { item } from '../datapath/items.ts';
import type { Items } from './claims.ts';
import type { DistanceTo } from '../distance/distances.ts';
import { nearest, type Place } from './nearest.ts';
import { scopeOf } from './scopes.ts';
import { shardOf, type SlotSpace } from './slot-space.ts';
import { hashSlots, rotation } from './spread.ts';

export const slotOwner = (role: Role, serviceId: string): string => `${role} ${serviceId}`;

/** All that the kernel needs for one service. `route` is known to be good. Takes its ranges of slots from `slots`. */
export function serviceItems(route: ServiceRoute, place: Place | undefined, slots: SlotSpace, distanceTo: DistanceTo): Items {
  const { roundRobin, closest } = route.addresses;
  const backends = route.backends.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const all = chosen(route, backends);
  const near = closest ? nearest(backends, place, distanceTo) : [];
  return new Map([
    ...target(route, 's', roundRobin, all, slots),
    ...(closest ? target(route, 'c', closest, near.length === backends.length ? all : chosen(route, near), slots) : []),
    ...(backends.length > 0 ? [[item.counter(counterName(route.id)), ''] as const] : []),
    ...backends.flatMap((backend) => backendItems(route, backend)),
  ]);
}

/** Addresses in the order of their slots, by family. */
interface Chosen {
  readonly four: readonly string[];
  readonly six: readonly string[];
}

/** Choosing takes time where there are hundreds of instances: once for both families, unless some have no IPv6. */
function chosen({ affinity }: ServiceRoute, backends: readonly Backend[]): Chosen {
  const order = affinity === 'client' ? hashSlots<Backend> : rotation<Backend>;
  const able = backends.filter(({ namespaceIpv6 }) => namespaceIpv6 !== undefined);
  const four = order(backends);
  const six = able.length === backends.length ? four : order(able);
  return { four: four.map(({ namespaceIpv4 }) => namespaceIpv4), six: six.flatMap(({ namespaceIpv6 }) => namespaceIpv6 ?? []) };
}

/** The address of the service goes to a chain that picks a slot; without instances it goes nowhere and is refused. */
function target(route: ServiceRoute, role: Role, address: { ipv4: string; ipv6: string }, { four, six }: Chosen, slots: SlotSpace): [string, string][] {
  const { id, affinity } = route;
  if (four.length + six.length === 0) { slots.release(slotOwner(role, id), shardOf(id)); return []; }
  const offset = slots.reserve(slotOwner(role, id), shardOf(id), Math.max(four.length, six.length));
  const chain = printServiceChain({ role, id, offset, slots4: four.length, slots6: six.length, mode: affinity === 'client' ? 'hash' : 'inc' });
  const scope = scopeOf(route.policy, route.applicationId, route.organisation);
  const numbered = (map: string, addresses: readonly string[]) => addresses.map((to, i): [string, string] => [item.element(map, String(offset + i)), to]);
  return [
    [item.chain(chain), ''],
    ...(four.length > 0 ? [[item.element('svc4', address.ipv4), `goto ${chain}`], [item.element(openSet(4, scope), address.ipv4), '']] satisfies [string, string][] : []),
    ...(six.length > 0 ? [[item.element('svc6', address.ipv6), `goto ${chain}`], [item.element(openSet(6, scope), address.ipv6), '']] satisfies [string, string][] : []),
    ...numbered(slotMap(4, id), four), ...numbered(slotMap(6, id), six),
  ];
}

/** The instance by its own address, and who may reach it. */
function backendItems(route: ServiceRoute, { ipv4, ipv6, namespaceIpv4, namespaceIpv6 }: Backend): [string, string][] {
  const scope = scopeOf(route.policy, route.applicationId, route.organisation);
  const [open4, open6] = [openSet(4, scope), openSet(6, scope)];
  return [
    [item.set(open4), ''], [item.set(open6), ''],
    [item.element('one4', ipv4), namespaceIpv4], [item.element(open4, ipv4), ''], [item.element(open4, namespaceIpv4), ''],
    ...(namespaceIpv6 === undefined ? [] : [[item.element('one6', ipv6), namespaceIpv6], [item.element(open6, ipv6), ''], [item.element(open6, namespaceIpv6), '']] satisfies [string, string][]),
  ];
}
