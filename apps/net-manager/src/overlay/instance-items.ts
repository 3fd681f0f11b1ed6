import { callerChain, openSet } from '../datapath/chains.ts';
import { item } from '../datapath/items.ts';
import { linkName, macOf } from '../datapath/names.ts';
import { bare } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import type { Items } from './claims.ts';
import { scopeOf, scopesOf } from './scopes.ts';

/** All that the kernel needs for one instance of this node, apart from its link. */
export function instanceItems(instance: Remembered, bridge: string): Items {
  const [ipv4, ipv6] = [bare(instance.ipv4), bare(instance.ipv6)];
  const [link, mac] = [linkName(instance.instanceId), macOf(ipv4)];
  return new Map([
    ...instance.ports.flatMap(({ hostPort, targetPort, protocol }): [string, string][] => [
      [item.element('port4', `${protocol} . ${hostPort}`), `${ipv4} . ${targetPort}`],
      [item.element('port6', `${protocol} . ${hostPort}`), `${ipv6} . ${targetPort}`],
    ]),
    // Only these addresses leave its port, and the node knows them without asking around.
    [item.element('mac', `"${link}" . ${mac}`), ''], [item.element('from4', `"${link}" . ${ipv4}`), ''], [item.element('from6', `"${link}" . ${ipv6}`), ''],
    [item.neighbour(bridge, ipv4), mac], [item.neighbour(bridge, ipv6), mac],
    ...(instance.network ? callerItems(ipv4, ipv6, instance.network) : []),
  ]);
}

/** As a caller it has its instance IPs, and may call what its application and organisation may. */
function callerItems(ipv4: string, ipv6: string, network: NonNullable<Remembered['network']>): [string, string][] {
  const scopes = scopesOf(network.applicationId, network.organisation);
  const chain = callerChain(scopes);
  return [
    [item.element('source4', ipv4), network.ipv4], [item.element('source6', ipv6), network.ipv6],
    ...scopes.flatMap((scope): [string, string][] => [[item.set(openSet(4, scope)), ''], [item.set(openSet(6, scope)), '']]),
    [item.chain(chain), ''], [item.element('caller4', ipv4), `goto ${chain}`], [item.element('caller6', ipv6), `goto ${chain}`],
  ];
}

/** Before a route says who may reach it, and on a node without a cluster: its own application. */
export function earlyItems({ ipv4, ipv6, network }: Remembered): [string, string][] {
  if (!network) return [];
  const scope = scopeOf('isolated', network.applicationId, network.organisation);
  return [[item.element(openSet(4, scope), bare(ipv4)), ''], [item.element(openSet(6, scope), bare(ipv6)), '']];
}
