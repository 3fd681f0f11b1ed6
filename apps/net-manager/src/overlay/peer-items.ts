import { parseAddress } from '@oak/addressing';
import type { PeerRoute } from '@oak/contracts';
import { item } from '../datapath/items.ts';
import { markOf, routingTable } from '../datapath/marks.ts';
import { tunnelMac, tunnels } from '../datapath/names.ts';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Items } from './claims.ts';

/** This node's own first addresses: what its processes send from; and the link of its instances. */
export interface OwnEnd {
  readonly v4: string;
  readonly v6: string;
  readonly bridge: string;
}

/** All that the kernel needs to exchange packets with another node. `peer` is known to be good, and has this number. */
export function peerItems(peer: PeerRoute, number: number, own: OwnEnd): Items {
  const [first] = peer.subnets;
  if (!first) return new Map();
  const family = parseAddress(peer.host)?.family ?? 4;
  const [link, mac, table] = [tunnels[family], tunnelMac(peer.cluster, peer.node), routingTable(number)];
  // By IPv6 one of the link itself: of others the kernel thinks that they lie behind the link of before, when the node moves to another.
  const via = { v4: bare(rangeOf(first.v4).gateway), v6: `fe80::${number.toString(16)}` };
  return new Map([
    [item.endpoint(link, mac), `${peer.host} ${peer.port}`],
    [item.element(`tunnel${family}`, peer.host), ''],
    [item.neighbour(link, via.v4), mac], [item.neighbour(link, via.v6), mac],
    ...peer.subnets.flatMap(({ v4, v6 }): [string, string][] => [[item.route('main', v4), `${via.v4} ${link} ${own.v4}`], [item.route('main', v6), `${via.v6} ${link} ${own.v6}`]]),
    // Answers to what came from there go back there, whatever address the caller shows.
    [item.element('marks', mac), markOf(number)],
    [item.route(table, '0.0.0.0/0'), `${via.v4} ${link} `], [item.route(table, '::/0'), `${via.v6} ${link} `],
    [item.lookup(4, number, own.bridge), ''], [item.lookup(6, number, own.bridge), ''],
  ]);
}
