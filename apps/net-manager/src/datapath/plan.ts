import type { Bridge, Desired, Kernel, Link, Table } from './kernel.ts';
import { rangeOf } from './range.ts';
import { elementSets, markerOf, portElements, ruleCount, type Elements, type ElementSet } from './table.ts';

export type Change =
  | { readonly kind: 'make-bridge' }
  | { readonly kind: 'raise-bridge' }
  | { readonly kind: 'add-address' | 'remove-address'; readonly address: string }
  /** Half made and unknown to everybody. */
  | { readonly kind: 'remove-link'; readonly link: string }
  /** To the bridge, up, with hairpin. */
  | { readonly kind: 'join-link'; readonly link: string }
  | { readonly kind: 'make-table' }
  | { readonly kind: 'change-elements'; readonly set: ElementSet; readonly remove: readonly string[]; readonly add: readonly (readonly [string, string])[] };

export const mtu = 1450;

/** The steps that lead from what the kernel has to what it shall have; none when both agree. Order matters. */
export function plan(desired: Desired, kernel: Kernel): Change[] {
  return [
    ...planBridge(desired, kernel.bridge),
    ...kernel.links.flatMap((link) => planLink(desired, kernel, link)),
    ...planTable(desired, kernel.table),
  ];
}

function planBridge(desired: Desired, bridge: Bridge | undefined): Change[] {
  const wanted = gateways(desired);
  const had = new Set(bridge?.addresses);
  return [
    ...(bridge ? [] : [{ kind: 'make-bridge' as const }]),
    ...(bridge && (!bridge.up || bridge.mtu !== mtu) ? [{ kind: 'raise-bridge' as const }] : []),
    ...[...wanted].filter((address) => !had.has(address)).map((address) => ({ kind: 'add-address' as const, address })),
    ...[...had].filter((address) => !wanted.has(address)).map((address) => ({ kind: 'remove-address' as const, address })),
  ];
}

function planLink({ bridge }: Desired, kernel: Kernel, { name, master, up, hairpin, remembered }: Link): Change[] {
  if (!remembered) return [{ kind: 'remove-link', link: name }];
  const joined = kernel.bridge !== undefined && master === bridge && up && hairpin;
  return joined ? [] : [{ kind: 'join-link', link: name }];
}

function planTable(desired: Desired, table: Table | undefined): Change[] {
  if (table?.marker !== markerOf(desired.bridge) || table.rules !== ruleCount(desired.bridge)) return [{ kind: 'make-table' }];
  const wanted = elementsOf(desired);
  return elementSets.flatMap((set) => planElements(set, wanted[set], table.elements[set]));
}

function planElements(set: ElementSet, wanted: ReadonlyMap<string, string>, had: ReadonlyMap<string, string>): Change[] {
  const remove = [...had].filter(([key, value]) => wanted.get(key) !== value).map(([key]) => key);
  const add = [...wanted].filter(([key, value]) => had.get(key) !== value);
  return remove.length + add.length > 0 ? [{ kind: 'change-elements', set, remove, add }] : [];
}

/** What the sets and maps of our table shall hold. */
export function elementsOf(desired: Desired): Elements {
  const subnets = [...rangesOf(desired)].map((range) => rangeOf(range).subnet);
  const ports = desired.attachments.flatMap(portElements);
  const only = (set: ElementSet) => ports.filter((element) => element.set === set).map(({ key, value }) => [key, value] as const);
  const family = (v6: boolean) => subnets.filter((subnet) => subnet.includes(':') === v6).map((subnet) => [subnet, ''] as const);
  return { node4: new Map(family(false)), node6: new Map(family(true)), port4: new Map(only('port4')), port6: new Map(only('port6')) };
}

function gateways(desired: Desired): Set<string> {
  return new Set([...rangesOf(desired)].map((range) => rangeOf(range).gateway));
}

/** An instance keeps its address, and so its gateway, when the node gets another subnet. */
function rangesOf({ ranges, attachments }: Desired): Set<string> {
  return new Set([...ranges, ...attachments.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])].map((range) => rangeOf(range).subnet));
}
