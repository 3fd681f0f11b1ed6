import type { ItemChange } from '../overlay/claims.ts';
import { parseItem } from './items.ts';
import { markMask, markOf, rulePriority, routingTable } from './marks.ts';
import { routeProtocol } from './names.ts';

/** Lines for `ip -batch`, `ip -6 -batch` (only rules for routes tell the family so), `bridge -batch`; the `gone` ones may find nothing. */
export interface ItemScripts {
  readonly ip: readonly string[];
  readonly ip6: readonly string[];
  readonly bridge: readonly string[];
  readonly ipGone: readonly string[];
  readonly ip6Gone: readonly string[];
  readonly bridgeGone: readonly string[];
}

/** Of the ways and ends that ip and bridge make; what is of nftables is left out. */
export function itemScripts(changes: readonly ItemChange[]): ItemScripts {
  const come = changes.filter(({ to }) => to !== undefined);
  const gone = changes.filter(({ to }) => to === undefined);
  return {
    ip: come.filter(({ id }) => !isLookup6(id)).flatMap(ipLine),
    ip6: come.filter(({ id }) => isLookup6(id)).flatMap(ipLine),
    bridge: come.flatMap(endpointLine),
    ipGone: gone.filter(({ id }) => !isLookup6(id)).flatMap(({ id }) => ipGoneLine(id)),
    ip6Gone: gone.filter(({ id }) => isLookup6(id)).flatMap(({ id }) => ipGoneLine(id)),
    bridgeGone: gone.flatMap(({ id }) => endpointGoneLine(id)),
  };
}

const isLookup6 = (id: string): boolean => id.startsWith('lookup|6|');

function ipLine({ id, to = '' }: ItemChange): string[] {
  const { kind, where, key } = parseItem(id);
  if (kind === 'neighbour') return [`neighbour replace ${key} lladdr ${to} dev ${where} nud permanent`];
  if (kind === 'address') return [`address replace ${key} dev ${where} scope link noprefixroute`];
  if (kind === 'route') return [`route replace ${routeText(where, key)} ${routeValue(to)}`];
  return kind === 'lookup' ? [ruleText('add', key)] : [];
}

function ipGoneLine(id: string): string[] {
  const { kind, where, key } = parseItem(id);
  if (kind === 'neighbour') return [`neighbour del ${key} dev ${where}`];
  if (kind === 'address') return [`address del ${key} dev ${where}`];
  if (kind === 'route') return [`route del ${routeText(where, key)}`];
  return kind === 'lookup' ? [ruleText('del', key)] : [];
}

function routeText(table: string, range: string): string {
  return `${range} table ${table} proto ${routeProtocol}`;
}

/** `onlink`: nobody has an IPv4 address on the tunnel itself. */
function routeValue(value: string): string {
  const [gateway, link = '', source] = value.split(' ');
  return [gateway ? `via ${gateway}` : '', `dev ${link}`, gateway?.includes('.') === true ? 'onlink' : '', source ? `src ${source}` : ''].filter(Boolean).join(' ');
}

/** `iif`: packets of the tunnel itself inherit the mark, and must not be led back into it. */
function ruleText(verb: 'add' | 'del', key: string): string {
  const [number, link = ''] = key.split(' ');
  return `rule ${verb} pref ${rulePriority.lookup} fwmark ${markOf(Number(number))}/0x${markMask.toString(16)}${link ? ` iif ${link}` : ''} lookup ${routingTable(Number(number))} protocol ${routeProtocol}`;
}

function endpointLine({ id, to = '' }: ItemChange): string[] {
  const { kind, where, key } = parseItem(id);
  const [host, port] = to.split(' ');
  return kind === 'endpoint' ? [`fdb replace ${key} dev ${where} dst ${host} port ${port} self permanent`] : [];
}

function endpointGoneLine(id: string): string[] {
  const { kind, where, key } = parseItem(id);
  return kind === 'endpoint' ? [`fdb del ${key} dev ${where} self`] : [];
}
