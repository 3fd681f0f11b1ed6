import { createHash } from 'node:crypto';
import { tableName } from './names.ts';
import { bare } from './range.ts';
import type { Remembered } from './remembered.ts';

/** The changing parts of our table: the elements of its two sets and two maps, each key with its value (empty for a set). */
export type Elements = Readonly<Record<ElementSet, ReadonlyMap<string, string>>>;
export const elementSets = ['node4', 'node6', 'port4', 'port6'] as const;
export type ElementSet = (typeof elementSets)[number];

/** Element of `port4` or `port6` for each port of an instance. */
export function portElements({ ipv4, ipv6, ports }: Remembered): { set: 'port4' | 'port6'; key: string; value: string }[] {
  return ports.flatMap(({ hostPort, targetPort, protocol }) => [
    { set: 'port4' as const, key: `${protocol} . ${hostPort}`, value: `${bare(ipv4)} . ${targetPort}` },
    { set: 'port6' as const, key: `${protocol} . ${hostPort}`, value: `${bare(ipv6)} . ${targetPort}` },
  ]);
}

interface Chain {
  readonly name: string;
  readonly hook?: string;
  readonly rules: readonly string[];
}

const chainsOf = (bridge: string): readonly Chain[] => [
  // Mapped ports answer on 127.0.0.1 too, for which the bridge takes such packets: but none that an instance made itself.
  { name: 'guard', hook: 'filter hook prerouting priority raw', rules: [`iifname "${bridge}" ip daddr 127.0.0.0/8 drop`] },
  {
    name: 'forward', hook: 'filter hook forward priority filter',
    // From outside only what was mapped, or what an instance asked for.
    rules: [
      `oifname != "${bridge}" accept`, `iifname "${bridge}" accept`,
      'ct state { established, related } accept', 'ct status dnat accept', 'drop',
    ],
  },
  { name: 'ports', rules: ['dnat ip to meta l4proto . th dport map @port4', 'dnat ip6 to meta l4proto . th dport map @port6'] },
  // Only what is meant for this node itself: port 80 of the rest of the world is not ours.
  { name: 'prerouting', hook: 'nat hook prerouting priority dstnat', rules: ['fib daddr type local goto ports'] },
  // [::1] can not leave the loopback; its callers get a refusal at once and try 127.0.0.1.
  { name: 'output', hook: 'nat hook output priority -100', rules: ['ip6 daddr ::1 accept', 'fib daddr type local goto ports'] },
  {
    name: 'postrouting', hook: 'nat hook postrouting priority srcnat',
    rules: [
      'oifname "lo" accept',
      `ip saddr @node4 oifname != "${bridge}" masquerade`, `ip6 saddr @node6 oifname != "${bridge}" masquerade`,
      // An instance that calls a mapped port of its own node must get its answer from the node, not from its neighbour.
      `ip saddr @node4 oifname "${bridge}" ct status dnat masquerade`, `ip6 saddr @node6 oifname "${bridge}" ct status dnat masquerade`,
      `ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    ],
  },
];

/** How many rules a whole table has. */
export function ruleCount(bridge: string): number {
  return chainsOf(bridge).reduce((sum, { rules }) => sum + rules.length, 0);
}

/** Name of an empty chain that says which rules the table was made with: JSON output of nft 1.0 has no comment of a table. */
export function markerOf(bridge: string): string {
  return `rules_${createHash('sha256').update(skeleton(bridge, '')).digest('hex').slice(0, 8)}`;
}

/** Replaces the whole table in one transaction; established connections keep their translation. */
export function tableScript(bridge: string, elements: Elements): string[] {
  return [`add table inet ${tableName}`, `delete table inet ${tableName}`, skeleton(bridge, markerOf(bridge)), ...elementSets.flatMap((set) => addElements(set, elements[set]))];
}

export function addElements(set: ElementSet, elements: Iterable<readonly [string, string]>): string[] {
  return [...elements].map(([key, value]) => `add element inet ${tableName} ${set} { ${value === '' ? key : `${key} : ${value}`} }`);
}

export function deleteElements(set: ElementSet, keys: Iterable<string>): string[] {
  return [...keys].map((key) => `delete element inet ${tableName} ${set} { ${key} }`);
}

function skeleton(bridge: string, marker: string): string {
  const chains = chainsOf(bridge).map(({ name, hook, rules }) => block(`chain ${name}`, [...(hook ? [`type ${hook}; policy accept;`] : []), ...rules]));
  return block(`table inet ${tableName}`, [
    block('set node4', ['type ipv4_addr', 'flags interval']), block('set node6', ['type ipv6_addr', 'flags interval']),
    block('map port4', ['type inet_proto . inet_service : ipv4_addr . inet_service']),
    block('map port6', ['type inet_proto . inet_service : ipv6_addr . inet_service']),
    ...chains, ...(marker ? [block(`chain ${marker}`, [])] : []),
  ]);
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `${line}\n`).join('')}}`;
}
