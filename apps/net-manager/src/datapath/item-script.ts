import type { ItemChange } from '../overlay/claims.ts';
import { rulesOf, setTypeOf } from './chains.ts';
import { isBridgeElement, parseItem } from './items.ts';
import { markMask, markOf, rulePriority, routingTable } from './marks.ts';
import { routeProtocol, tableName } from './names.ts';

/** Lines for `nft -f`, `ip -batch`, `ip -6 -batch` (only rules for routes tell the family so), `bridge -batch`; the `gone` ones may find nothing. */
export interface ItemScripts {
  readonly nft: readonly string[];
  readonly ip: readonly string[];
  readonly ip6: readonly string[];
  readonly bridge: readonly string[];
  readonly ipGone: readonly string[];
  readonly ip6Gone: readonly string[];
  readonly bridgeGone: readonly string[];
}

/** Whoever refers to another thing comes after it and goes before it. */
export function itemScripts(changes: readonly ItemChange[]): ItemScripts {
  const come = changes.filter(({ to }) => to !== undefined);
  const go = changes.filter(({ from }) => from !== undefined);
  const gone = changes.filter(({ to }) => to === undefined);
  const nft = (some: readonly ItemChange[], kind: string, line: (change: ItemChange) => string[]) => some.filter(({ id }) => id.startsWith(`${kind}|`)).flatMap(line);
  return {
    nft: [
      ...nft(come, 'counter', ({ id }) => [`add counter inet ${tableName} ${parseItem(id).where}`]),
      ...nft(come, 'set', ({ id }) => [`add set inet ${tableName} ${parseItem(id).where} ${setTypeOf(parseItem(id).where) ?? ''}`]),
      ...nft(come, 'chain', addChain),
      ...elementLines('delete', go),
      ...elementLines('add', come),
      ...nft(gone, 'chain', ({ id }) => [`flush chain inet ${tableName} ${parseItem(id).where}`, `delete chain inet ${tableName} ${parseItem(id).where}`]),
      ...nft(gone, 'set', ({ id }) => [`delete set inet ${tableName} ${parseItem(id).where}`]),
      ...nft(gone, 'counter', ({ id }) => [`delete counter inet ${tableName} ${parseItem(id).where}`]),
    ],
    ip: come.filter(({ id }) => !isLookup6(id)).flatMap(ipLine),
    ip6: come.filter(({ id }) => isLookup6(id)).flatMap(ipLine),
    bridge: come.flatMap(endpointLine),
    ipGone: gone.filter(({ id }) => !isLookup6(id)).flatMap(({ id }) => ipGoneLine(id)),
    ip6Gone: gone.filter(({ id }) => isLookup6(id)).flatMap(({ id }) => ipGoneLine(id)),
    bridgeGone: gone.flatMap(({ id }) => endpointGoneLine(id)),
  };
}

const isLookup6 = (id: string): boolean => id.startsWith('lookup|6|');

/** One that exists in another form is filled anew. */
function addChain({ id, from }: ItemChange): string[] {
  const { where } = parseItem(id);
  const rules = rulesOf(where) ?? [];
  return [`add chain inet ${tableName} ${where}`, ...(from === undefined ? [] : [`flush chain inet ${tableName} ${where}`]), ...rules.map((rule) => `add rule inet ${tableName} ${where} ${rule}`)];
}

/** A line has its price, so it takes many elements; but not so many that a refused one could not be found. */
const elementsPerLine = 500;

function elementLines(verb: 'add' | 'delete', changes: readonly ItemChange[]): string[] {
  const sets = new Map<string, string[]>();
  for (const { id, to } of changes) {
    const { kind, where, key } = parseItem(id);
    if (kind !== 'element') continue;
    const set = `${isBridgeElement(id) ? 'bridge' : 'inet'} ${tableName} ${where}`;
    const elements = sets.get(set) ?? [];
    if (elements.length === 0) sets.set(set, elements);
    elements.push(verb === 'delete' || to === '' ? key : `${key} : ${to}`);
  }
  return [...sets].flatMap(([set, elements]) => Array.from({ length: Math.ceil(elements.length / elementsPerLine) }, (_, line) =>
    `${verb} element ${set} { ${elements.slice(line * elementsPerLine, (line + 1) * elementsPerLine).join(', ')} }`));
}

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
