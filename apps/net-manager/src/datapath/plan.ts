import type { ItemChange, Items } from '../overlay/claims.ts';
import { isBridgeElement, isNft } from './items.ts';
import type { Bridge, Desired, Kernel, Link, Tunnel } from './kernel.ts';
import { tunnels } from './names.ts';
import { rangeOf } from './range.ts';
import { families, markerOf, ruleCount, type TableFamily, type TableOptions } from './table.ts';

export type Change =
  | { readonly kind: 'make-bridge' }
  | { readonly kind: 'raise-bridge' }
  | { readonly kind: 'add-address' | 'remove-address'; readonly address: string }
  /** Half made and unknown to everybody. */
  | { readonly kind: 'remove-link'; readonly link: string }
  /** To the bridge, up, with hairpin. */
  | { readonly kind: 'join-link'; readonly link: string }
  /** With nothing in it that comes and goes. */
  | { readonly kind: 'make-table'; readonly family: TableFamily }
  | { readonly kind: 'make-tunnel' | 'remove-tunnel' | 'raise-tunnel'; readonly family: 4 | 6 }
  | { readonly kind: 'make-guard'; readonly family: 4 | 6 }
  | { readonly kind: 'change-items'; readonly changes: readonly ItemChange[] };

/** What IPv6 needs of a link; below it the kernel has none there. */
const leastMtu = 1280;

/** A tunnel by IPv6 has 20 bytes less room than one by IPv4; with encryption all was counted for IPv6. */
export const tunnelMtu = ({ mtu, encrypted }: Pick<Desired, 'mtu' | 'encrypted'>, family: 4 | 6): number => (family === 4 || encrypted ? mtu : Math.max(leastMtu, mtu - 20));

/** The steps that lead from what the kernel has to what it shall have; none when both agree. Order matters. */
export function plan(desired: Desired, kernel: Kernel): Change[] {
  const fixed = [
    ...planBridge(desired, kernel.bridge),
    ...kernel.links.flatMap((link) => planLink(desired, kernel, link)),
    ...families.filter((family) => family === 'inet' || desired.can.guard).flatMap((family) => planTable(desired, kernel, family)),
    ...([4, 6] as const).flatMap((family) => planTunnel(desired, kernel.tunnels.get(tunnels[family]), family)),
    ...([4, 6] as const).filter((family) => !kernel.guards.has(family)).map((family) => ({ kind: 'make-guard' as const, family })),
  ];
  const changes = compare(desired.items, without(kernel.items, fixed, desired));
  return changes.length > 0 ? [...fixed, { kind: 'change-items', changes }] : fixed;
}

function planBridge(desired: Desired, bridge: Bridge | undefined): Change[] {
  const wanted = gateways(desired);
  const had = new Set(bridge?.addresses);
  return [
    ...(bridge ? [] : [{ kind: 'make-bridge' as const }]),
    ...(bridge && (!bridge.up || bridge.mtu !== desired.mtu) ? [{ kind: 'raise-bridge' as const }] : []),
    ...[...wanted].filter((address) => !had.has(address)).map((address) => ({ kind: 'add-address' as const, address })),
    ...[...had].filter((address) => !wanted.has(address)).map((address) => ({ kind: 'remove-address' as const, address })),
  ];
}

function planLink({ bridge }: Desired, kernel: Kernel, { name, master, up, hairpin, remembered }: Link): Change[] {
  if (!remembered) return [{ kind: 'remove-link', link: name }];
  const joined = kernel.bridge !== undefined && master === bridge && up && hairpin;
  return joined ? [] : [{ kind: 'join-link', link: name }];
}

function planTable(desired: Desired, { tables }: Kernel, family: TableFamily): Change[] {
  const table = tables[family];
  const options = tableOptions(desired);
  return table?.marker === markerOf(family, options) && table.rules === ruleCount(family, options) ? [] : [{ kind: 'make-table', family }];
}

export function tableOptions({ bridge, tunnelPort, can }: Desired): TableOptions {
  return { bridge, tunnelPort, services: can.services };
}

/** Its MAC and port are for good, so one with others is made anew. */
function planTunnel({ tunnelMac, tunnelPort, mtu, encrypted }: Desired, tunnel: Tunnel | undefined, family: 4 | 6): Change[] {
  if (tunnelMac === undefined) return tunnel ? [{ kind: 'remove-tunnel', family }] : [];
  if (!tunnel) return [{ kind: 'make-tunnel', family }];
  if (tunnel.mac !== tunnelMac || tunnel.port !== tunnelPort) return [{ kind: 'remove-tunnel', family }, { kind: 'make-tunnel', family }];
  return tunnel.up && tunnel.mtu === tunnelMtu({ mtu, encrypted }, family) ? [] : [{ kind: 'raise-tunnel', family }];
}

/** What is left of the kernel's things once the fixed ones are made anew: with a table, a bridge or a tunnel goes what is in it. */
function without(items: Items, fixed: readonly Change[], desired: Desired): Items {
  const tables = new Set(fixed.flatMap((change) => (change.kind === 'make-table' ? [change.family] : [])));
  const links = fixed.flatMap((change) => (change.kind === 'make-tunnel' ? [tunnels[change.family]] : change.kind === 'make-bridge' ? [desired.bridge] : []));
  if (tables.size + links.length === 0) return items;
  const isLost = (id: string, value: string): boolean => (isNft(id) ? tables.has(isBridgeElement(id) ? 'bridge' : 'inet')
    : links.some((link) => id.startsWith(`neighbour|${link}|`) || id.startsWith(`address|${link}|`) || id.startsWith(`endpoint|${link}|`) || (id.startsWith('route|') && value.split(' ')[1] === link)));
  return new Map([...items].filter(([id, value]) => !isLost(id, value)));
}

/** In loops: there may be a hundred thousand. */
function compare(wanted: Items, had: Items): ItemChange[] {
  const changes: ItemChange[] = [];
  for (const [id, from] of had) if (!wanted.has(id)) changes.push({ id, from, to: undefined });
  for (const [id, to] of wanted) {
    const from = had.get(id);
    if (from !== to) changes.push({ id, from, to });
  }
  return changes;
}

function gateways(desired: Desired): Set<string> {
  return new Set(ownRanges(desired).map((range) => rangeOf(range).gateway));
}

/** An instance keeps its address, and so its gateway, when the node gets another subnet. */
export function ownRanges({ ranges, attachments }: Pick<Desired, 'ranges' | 'attachments'>): string[] {
  return [...new Set([...ranges, ...attachments.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])].map((range) => rangeOf(range).subnet))];
}
