import type { ItemChange } from '../overlay/claims.ts';
import { itemScripts, type ItemScripts } from './item-script.ts';
import { isNft } from './items.ts';
import type { Desired } from './kernel.ts';
import { markMask, rulePriority } from './marks.ts';
import { routeProtocol, tunnelNetwork, tunnels } from './names.ts';
import { tableOptions, tunnelMtu, type Change } from './plan.ts';
import { tableScript } from './table.ts';

/** The same on every node, for no two bridges see each other. */
const bridgeMac = '0a:6b:00:00:00:01';

/** Steps as the programs and the kernel take them. */
export interface Rendered extends ItemScripts {
  /** Lines for `nft -f`: tables with nothing in them that comes and goes. */
  readonly tables: readonly string[];
  /** Of nftables. */
  readonly items: readonly ItemChange[];
}

export function render(changes: readonly Change[], desired: Desired): Rendered {
  const all = changes.flatMap((change) => (change.kind === 'change-items' ? change.changes : []));
  const items = itemScripts(all);
  return {
    ...items,
    ipGone: [...changes.flatMap(goneLines), ...items.ipGone],
    ip6Gone: [...changes.flatMap((change) => (change.kind === 'make-guard' && change.family === 6 ? guardGoneLines : [])), ...items.ip6Gone],
    ip: [...changes.flatMap((change) => ipLines(change, desired)), ...items.ip],
    ip6: [...changes.flatMap((change) => (change.kind === 'make-guard' && change.family === 6 ? guardLines : [])), ...items.ip6],
    tables: changes.flatMap((change) => (change.kind === 'make-table' ? tableScript(change.family, tableOptions(desired)) : [])),
    items: all.filter(({ id }) => isNft(id)),
  };
}

/** Removing one end of a pair removes the other. */
function goneLines(change: Change): readonly string[] {
  if (change.kind === 'remove-link') return [`link del dev ${change.link}`];
  if (change.kind === 'make-guard') return change.family === 4 ? guardGoneLines : [];
  return change.kind === 'remove-tunnel' ? [`link del dev ${tunnels[change.family]}`] : [];
}

/** The end must be there before somebody is sent to it. */
const guardLines = [
  `rule add pref ${rulePriority.end} protocol ${routeProtocol} nop`,
  `rule add pref ${rulePriority.guard} fwmark 0/0x${markMask.toString(16)} protocol ${routeProtocol} goto ${rulePriority.end}`,
];

/** Half a guard can not be completed: the kernel refuses the half that is there. */
const guardGoneLines = [rulePriority.guard, rulePriority.end].map((priority) => `rule del pref ${priority} protocol ${routeProtocol}`);

function ipLines(change: Change, desired: Desired): readonly string[] {
  const { bridge, mtu } = desired;
  switch (change.kind) {
    // Without a fixed address it would change with the links that come and go, and every instance would lose its gateway for a while.
    case 'make-bridge': return [`link add name ${bridge} mtu ${mtu} address ${bridgeMac} type bridge`, `link set dev ${bridge} up`];
    case 'raise-bridge': return [`link set dev ${bridge} mtu ${mtu} up`];
    case 'add-address': return [`address replace ${change.address} dev ${bridge}${change.address.includes(':') ? ' nodad' : ''}`];
    case 'remove-address': return [`address del ${change.address} dev ${bridge}`];
    case 'join-link': return joinLines(change.link, bridge);
    case 'make-tunnel': return makeTunnel(change.family, desired);
    case 'raise-tunnel': return [`link set dev ${tunnels[change.family]} mtu ${tunnelMtu(desired, change.family)} up`];
    case 'make-guard': return change.family === 4 ? guardLines : [];
    case 'remove-link':
    case 'remove-tunnel':
    case 'make-table':
    case 'change-items': return [];
  }
}

/** Learns from nobody: whom it may believe is told. */
function makeTunnel(family: 4 | 6, { mtu, encrypted, tunnelMac = '', tunnelPort }: Desired): string[] {
  const link = tunnels[family];
  return [
    `link add name ${link} mtu ${tunnelMtu({ mtu, encrypted }, family)} address ${tunnelMac} type vxlan id ${tunnelNetwork} dstport ${tunnelPort} nolearning${family === 6 ? ' local ::' : ''}`,
    `link set dev ${link} addrgenmode none up`,
  ];
}

/** With br_netfilter an instance that calls itself through a mapped port or a service leaves by the port it came from: hence hairpin. */
export function joinLines(link: string, bridge: string): string[] {
  return [`link set dev ${link} master ${bridge} up`, `link set dev ${link} type bridge_slave hairpin on`];
}
