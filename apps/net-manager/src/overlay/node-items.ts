import type { NodeSubnet } from '@oak/addressing';
import type { OverlayRanges } from '@oak/contracts';
import { item } from '../datapath/items.ts';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Items } from './claims.ts';

export interface NodeRanges {
  /** Own ones, and those of instances that were made with earlier ones. */
  readonly own: readonly string[];
  readonly subnet: NodeSubnet | undefined;
  readonly nodes: OverlayRanges;
  readonly services: OverlayRanges;
  /** Links to other nodes, none on a node that has no others. */
  readonly tunnels: readonly string[];
}

/** What the kernel needs to tell the overlay's addresses from all others. */
export function nodeItems({ own, subnet, nodes, services, tunnels }: NodeRanges, bridge: string): Items {
  const elements = (set: string, ranges: readonly string[]) => ranges.map((range): [string, string] => [item.element(set, range), '']);
  const gateways = subnet && { v4: bare(rangeOf(subnet.v4).gateway), v6: bare(rangeOf(subnet.v6).gateway) };
  return new Map([
    ...elements('node4', own.filter((range) => !range.includes(':'))), ...elements('node6', own.filter((range) => range.includes(':'))),
    ...elements('nodes4', nodes.v4), ...elements('nodes6', nodes.v6), ...elements('service4', services.v4), ...elements('service6', services.v6),
    // A link without any address takes nothing where the machine looks at reverse paths, however loosely.
    ...(gateways ? tunnels.map((link): [string, string] => [item.address(link, `${gateways.v4}/32`), '']) : []),
    // Processes of this node call services too: so that the kernel knows a way before it is told the true one, and an address to send from.
    ...(gateways ? [...services.v4.map((range): [string, string] => [item.route('main', range), ` ${bridge} ${gateways.v4}`]), ...services.v6.map((range): [string, string] => [item.route('main', range), ` ${bridge} ${gateways.v6}`])] : []),
  ]);
}
