import { nodesMost, overlaps, parseAddress, parseSubnet, printAddress, printSubnet } from '@oak/addressing';
import type { Backend, OverlayRanges, PeerRoute, Route, ServiceRoute } from '@oak/contracts';
import { nodeNumber } from '../datapath/marks.ts';
import { holds, rangeHolds } from '../datapath/range.ts';

export interface Ranges {
  readonly nodes: OverlayRanges;
  readonly services: OverlayRanges;
}

/** A route as the kernel can have it, without the parts that it can not have, and what was wrong with those. */
export interface Judged<R extends Route = Route> {
  readonly route: R | undefined;
  readonly faults: readonly string[];
}

/** No message, whoever sent it, may turn other addresses than the overlay's own. Addresses come out as the kernel prints them. */
export function goodRoute(route: Route, ranges: Ranges, own: readonly string[]): Judged {
  return route.kind === 'peer' ? goodPeer(route, ranges, own) : goodService(route, ranges);
}

function goodService(route: ServiceRoute, { nodes, services }: Ranges): Judged<ServiceRoute> {
  const { roundRobin, closest } = route.addresses;
  const addresses = { roundRobin: pairIn(services, roundRobin), closest: closest && pairIn(services, closest) };
  if (!addresses.roundRobin || (closest && !addresses.closest)) return { route: undefined, faults: [`service ${route.name}: an address is not in the ranges of services`] };
  const backends = route.backends.map((backend) => goodBackend(backend, nodes, services));
  const faults = route.backends.filter((_, i) => !backends[i]).map(({ instanceNumber }) => `service ${route.name}: instance ${instanceNumber} has addresses that no instance can have`);
  return { route: { ...route, addresses: { roundRobin: addresses.roundRobin, ...(addresses.closest && { closest: addresses.closest }) }, backends: backends.filter((backend) => backend !== undefined) }, faults };
}

function goodBackend(backend: Backend, nodes: OverlayRanges, services: OverlayRanges): Backend | undefined {
  const instance = pairIn(services, backend);
  const ipv4 = addressIn(nodes.v4, backend.namespaceIpv4);
  const ipv6 = backend.namespaceIpv6 === undefined ? undefined : addressIn(nodes.v6, backend.namespaceIpv6);
  if (!instance || ipv4 === undefined || (backend.namespaceIpv6 !== undefined && ipv6 === undefined)) return undefined;
  return { ...backend, ...instance, namespaceIpv4: ipv4, ...(ipv6 !== undefined && { namespaceIpv6: ipv6 }) };
}

/** Of nobody, of this machine, of many, of one wire. */
const noMachines = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8'];

function goodPeer(route: PeerRoute, { nodes, services }: Ranges, own: readonly string[]): Judged<PeerRoute> {
  const refuse = (fault: string): Judged<PeerRoute> => ({ route: undefined, faults: [`node ${route.id}: ${fault}`] });
  const host = parseAddress(route.host);
  if (!host) return refuse(`its tunnel ends at ${JSON.stringify(route.host)}, which is no address`);
  // A tunnel through the overlay would lead into itself.
  const notThere = [...noMachines, ...nodes.v4, ...nodes.v6, ...services.v4, ...services.v6].find((range) => rangeHolds(range, host));
  if (notThere !== undefined) return refuse(`its tunnel ends at ${route.host}, where no machine can be`);
  const [first] = route.subnets;
  // One that runs nothing yet has no subnet: nothing can come from there or go there.
  if (!first) return { route: undefined, faults: [] };
  const foreign = route.subnets.find(({ v4, v6 }) => !nodes.v4.some((range) => holds(range, v4)) || !nodes.v6.some((range) => holds(range, v6)) || !parseSubnet(v4) || !parseSubnet(v6));
  if (foreign) return refuse(`${foreign.v4}, ${foreign.v6} are not in the ranges of nodes`);
  const taken = route.subnets.flatMap(({ v4, v6 }) => [v4, v6]).find((range) => own.some((mine) => overlaps(range, mine)));
  if (taken !== undefined) return refuse(`${taken} is this node's own`);
  if (nodeNumber(first.v4, nodes.v4) === undefined) return refuse(`${first.v4} is smaller than a /26, or comes after the first ${nodesMost} of them in ${nodes.v4.join(', ')}`);
  return { route: { ...route, host: printAddress(host), subnets: route.subnets.map(({ v4, v6 }) => ({ v4: canonicalRange(v4), v6: canonicalRange(v6) })) }, faults: [] };
}

function pairIn(ranges: OverlayRanges, { ipv4, ipv6 }: { ipv4: string; ipv6: string }): { ipv4: string; ipv6: string } | undefined {
  const [four, six] = [addressIn(ranges.v4, ipv4), addressIn(ranges.v6, ipv6)];
  return four === undefined || six === undefined ? undefined : { ipv4: four, ipv6: six };
}

function addressIn(ranges: readonly string[], text: string): string | undefined {
  const address = parseAddress(text);
  if (!address) return undefined;
  return ranges.some((range) => rangeHolds(range, address)) ? printAddress(address) : undefined;
}

function canonicalRange(text: string): string {
  const range = parseSubnet(text);
  return range ? printSubnet(range) : text;
}
