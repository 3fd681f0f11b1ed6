import { createHash } from 'node:crypto';
import { shardCount } from '../overlay/slot-space.ts';
import { localMark, markMask } from './marks.ts';
import { innerRange } from '../encryption/inner-address.ts';
import { tableName, tunnelPrefix, linkPrefix, wireguardPrefix } from './names.ts';

/** What our tables' fixed parts depend on. */
export interface TableOptions {
  readonly bridge: string;
  /** UDP port on which the tunnels end. */
  readonly tunnelPort: number;
  /** Whether the kernel can spread connections. */
  readonly services: boolean;
}

interface Chain {
  readonly name: string;
  readonly hook?: string;
  readonly rules: readonly string[];
}
export const families = ['inet', 'bridge'] as const;
export type TableFamily = (typeof families)[number];

const hex = (mark: number): string => `0x${mark.toString(16)}`;
const fromTunnel = `iifname "${tunnelPrefix}*"`;
const both = (rule: (ip: 'ip' | 'ip6', v: 4 | 6) => string): string[] => [rule('ip', 4), rule('ip6', 6)];

const inetChains = ({ bridge, tunnelPort }: TableOptions): readonly Chain[] => [
  { name: 'refuse', rules: ['meta l4proto tcp reject with tcp reset', 'reject with icmpx type port-unreachable'] },
  // Mapped ports answer on 127.0.0.1 too, for which the bridge takes such packets: but none that an instance made itself.
  { name: 'guard', hook: 'filter hook prerouting priority raw', rules: [`iifname "${bridge}" ip daddr 127.0.0.0/8 drop`] },
  {
    name: 'origin', hook: 'filter hook prerouting priority mangle',
    // From which node a connection came, and that its answers go there. Only answers: a mark on more would lead packets of the tunnel itself astray.
    rules: [
      `${fromTunnel} ct mark set ether saddr map @marks`,
      `iifname "${bridge}" ct direction reply ct mark and ${hex(markMask)} != 0 meta mark set ct mark and ${hex(markMask)}`,
    ],
  },
  {
    name: 'leaving', hook: 'filter hook prerouting priority -110',
    // Before translation, so that a refusal comes from whom the caller called.
    rules: [
      `iifname != "${bridge}" accept`, 'ct state { established, related } accept', 'fib daddr type local accept',
      // By who calls, of whom a node has few, and not by whom: the kernel walks all that verdicts lead to whenever one of them changes.
      ...both((ip, v) => `${ip} saddr vmap @caller${v}`), 'goto outside',
    ],
  },
  // Whatever else lies in the overlay is nobody, or not for the caller: it learns so at once.
  { name: 'outside', rules: (['node', 'nodes', 'service'] as const).flatMap((set) => both((ip, v) => `${ip} daddr @${set}${v} goto refuse`)) },
  {
    name: 'input', hook: 'filter hook input priority filter',
    // Nobody puts packets into the overlay but the nodes that we were told of, and they call no process of this node.
    rules: [
      // What WireGuard has not judged has no address from within it.
      `iifname != { "lo", "${wireguardPrefix}*" } ip6 saddr ${innerRange} drop`,
      ...both((ip, v) => `iifname != "lo" udp dport ${tunnelPort} ${ip} saddr != @tunnel${v} drop`),
      `${fromTunnel} ct state { established, related } accept`, `${fromTunnel} goto refuse`,
    ],
  },
  {
    name: 'forward', hook: 'filter hook forward priority filter',
    rules: [
      // For the table of the bridge, which lets nothing else from one instance to another.
      `iifname "${bridge}" oifname "${bridge}" meta mark set ${hex(localMark)}`,
      'ct state { established, related } accept',
      `${fromTunnel} goto arriving`, `iifname "${bridge}" accept`,
      // From outside only what was mapped.
      `oifname "${bridge}" ct status dnat accept`, `oifname "${bridge}" drop`, `oifname "${tunnelPrefix}*" drop`,
    ],
  },
  { name: 'arriving', rules: [...both((ip, v) => `${ip} daddr @node${v} ${ip} saddr @service${v} accept`), ...both((ip, v) => `${ip} daddr @node${v} ${ip} saddr @nodes${v} accept`), 'drop'] },
  {
    name: 'sent', hook: 'filter hook output priority filter',
    rules: [
      ...both((ip, v) => `${ip} daddr @service${v} goto refuse`),
      // Instances reach each other through the node, also those that believe to be on one wire.
      `oifname "${bridge}" icmp type redirect drop`, `oifname "${bridge}" icmpv6 type nd-redirect drop`,
    ],
  },
  { name: 'ports', rules: ['dnat ip to meta l4proto . th dport map @port4', 'dnat ip6 to meta l4proto . th dport map @port6'] },
  { name: 'services', rules: [...both((ip, v) => `${ip} daddr vmap @svc${v}`), ...both((ip, v) => `dnat ${ip} to ${ip} daddr map @one${v}`)] },
  // Mapped ports only of this node itself: port 80 of the rest of the world is not ours. Services only for this node.
  { name: 'prerouting', hook: 'nat hook prerouting priority dstnat', rules: ['fib daddr type local goto ports', `iifname "${bridge}" goto services`] },
  // [::1] can not leave the loopback; its callers get a refusal at once and try 127.0.0.1.
  { name: 'output', hook: 'nat hook output priority -100', rules: ['ip6 daddr ::1 accept', 'fib daddr type local goto ports', 'goto services'] },
  { name: 'callers', rules: both((ip, v) => `snat ${ip} to ${ip} saddr map @source${v}`) },
  {
    name: 'postrouting', hook: 'nat hook postrouting priority srcnat',
    rules: [
      'oifname "lo" accept',
      // Who called a service is seen by its instance IP.
      ...both((ip, v) => `ct status dnat ct original ${ip} daddr @service${v} goto callers`),
      `oifname "${tunnelPrefix}*" accept`,
      ...both((ip, v) => `${ip} saddr @node${v} oifname != "${bridge}" masquerade`),
      // An instance that calls a mapped port of its own node must get its answer from the node, not from its neighbour.
      ...both((ip, v) => `${ip} saddr @node${v} oifname "${bridge}" ct status dnat masquerade`),
      `ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    ],
  },
];

const port = `iifname "${linkPrefix}*"`;
const bridgeChains = (): readonly Chain[] => [
  {
    name: 'port', hook: 'filter hook prerouting priority -300',
    // Nobody has another's address, neither in a packet nor in what the neighbours believe.
    rules: [
      `iifname != "${linkPrefix}*" accept`, 'iifname . ether saddr != @mac drop',
      'ether type arp iifname . arp saddr ip != @from4 drop', 'ether type arp accept',
      'ether type ip iifname . ip saddr @from4 accept',
      'ip6 saddr { ::, fe80::/10 } meta l4proto icmpv6 accept', 'ether type ip6 iifname . ip6 saddr @from6 accept',
      'drop',
    ],
  },
  // Instead of isolated ports: with bridge netfilter a translated packet goes on from port to port, and only the mark tells it from one that nobody judged.
  { name: 'between', hook: 'filter hook forward priority 200', rules: [`${port} oifname "${linkPrefix}*" meta mark and ${hex(markMask)} != ${hex(localMark)} drop`] },
];

const inetSets = ({ services }: TableOptions): readonly string[] => [
  ...(['node', 'nodes', 'service'] as const).flatMap((name) => both((_, v) => block(`set ${name}${v}`, [`type ipv${v}_addr`, 'flags interval']))),
  ...both((_, v) => block(`set tunnel${v}`, [`type ipv${v}_addr`])),
  ...both((_, v) => block(`map port${v}`, [`type inet_proto . inet_service : ipv${v}_addr . inet_service`])),
  ...(['svc', 'caller'] as const).flatMap((name) => both((_, v) => block(`map ${name}${v}`, [`type ipv${v}_addr : verdict`]))),
  ...(['one', 'source'] as const).flatMap((name) => both((_, v) => block(`map ${name}${v}`, [`type ipv${v}_addr : ipv${v}_addr`]))),
  block('map marks', ['type ether_addr : mark']),
  ...Array.from({ length: services ? shardCount : 0 }, (_, shard) => both((ip, v) => block(`map slot${v}_${shard}`, [`typeof numgen inc mod 2 : ${ip} daddr`]))).flat(),
];
const bridgeSetTypes: readonly string[] = [block('set mac', ['type ifname . ether_addr']), block('set from4', ['type ifname . ipv4_addr']), block('set from6', ['type ifname . ipv6_addr'])];

export function chainsOf(family: TableFamily, options: TableOptions): readonly Chain[] {
  return family === 'inet' ? inetChains(options) : bridgeChains();
}

/** How many rules the fixed chains of a whole table have. */
export function ruleCount(family: TableFamily, options: TableOptions): number {
  return chainsOf(family, options).reduce((sum, { rules }) => sum + rules.length, 0);
}

/** Name of an empty chain that says which rules the table was made with: JSON output of nft 1.0 has no comment of a table. */
export function markerOf(family: TableFamily, options: TableOptions): string {
  return `rules_${createHash('sha256').update(skeleton(family, options, '')).digest('hex').slice(0, 8)}`;
}

/** Replaces the whole table by one without elements; in one transaction with what follows. Established connections keep their translation. */
export function tableScript(family: TableFamily, options: TableOptions): string[] {
  return [`add table ${family} ${tableName}`, `delete table ${family} ${tableName}`, skeleton(family, options, markerOf(family, options))];
}

function skeleton(family: TableFamily, options: TableOptions, marker: string): string {
  const chains = chainsOf(family, options).map(({ name, hook, rules }) => block(`chain ${name}`, [...(hook ? [`type ${hook}; policy accept;`] : []), ...rules]));
  const sets = family === 'inet' ? inetSets(options) : bridgeSetTypes;
  return block(`table ${family} ${tableName}`, [...sets, ...chains, ...(marker ? [block(`chain ${marker}`, [])] : [])]);
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `${line}\n`).join('')}}`;
}
