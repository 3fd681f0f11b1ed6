import type { Desired } from './kernel.ts';
import { elementsOf, mtu, type Change } from './plan.ts';
import { addElements, deleteElements, tableScript } from './table.ts';

/** The same on every node, for no two bridges see each other. */
const bridgeMac = '0a:6b:00:00:00:01';

/** Lines for `ip -force -batch -`, which may find nothing, for `ip -batch -`, and for one transaction of `nft -f -`. */
export interface Scripts {
  readonly gone: readonly string[];
  readonly ip: readonly string[];
  readonly nft: readonly string[];
}

export function render(changes: readonly Change[], desired: Desired): Scripts {
  return { gone: changes.flatMap(goneLines), ip: changes.flatMap((change) => ipLines(change, desired)), nft: changes.flatMap((change) => nftLines(change, desired)) };
}

/** Removing one end of a pair removes the other. */
function goneLines(change: Change): string[] {
  return change.kind === 'remove-link' ? [`link del dev ${change.link}`] : [];
}

function ipLines(change: Change, desired: Desired): string[] {
  const { bridge } = desired;
  switch (change.kind) {
    // Without a fixed address it would change with the links that come and go, and every instance would lose its gateway for a while.
    case 'make-bridge': return [`link add name ${bridge} mtu ${mtu} address ${bridgeMac} type bridge`, `link set dev ${bridge} up`];
    case 'raise-bridge': return [`link set dev ${bridge} mtu ${mtu} up`];
    case 'add-address': return [`address replace ${change.address} dev ${bridge}${change.address.includes(':') ? ' nodad' : ''}`];
    case 'remove-address': return [`address del ${change.address} dev ${bridge}`];
    case 'join-link': return joinLines(change.link, bridge);
    case 'remove-link':
    case 'make-table':
    case 'change-elements': return [];
  }
}

function nftLines(change: Change, desired: Desired): string[] {
  if (change.kind === 'make-table') return tableScript(desired.bridge, elementsOf(desired));
  if (change.kind !== 'change-elements') return [];
  return [...deleteElements(change.set, change.remove), ...addElements(change.set, change.add)];
}

/** With br_netfilter an instance that calls itself through a mapped port leaves by the port it came from: hence hairpin. */
export function joinLines(link: string, bridge: string): string[] {
  return [`link set dev ${link} master ${bridge} up`, `link set dev ${link} type bridge_slave hairpin on`];
}
