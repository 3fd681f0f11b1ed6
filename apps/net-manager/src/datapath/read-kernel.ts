import { z } from 'zod';
import type { Kernel, Link, Table } from './kernel.ts';
import { linkPrefix } from './names.ts';
import { readRemembered } from './remembered.ts';
import { elementSets, type ElementSet } from './table.ts';

const linkSchema = z.object({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  master: z.string().optional(),
  ifalias: z.string().optional(),
  altnames: z.array(z.string()).default([]),
  linkinfo: z.object({ info_slave_data: z.object({ hairpin: z.boolean().optional() }).optional() }).optional(),
  addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number().optional(), scope: z.string().optional() })).default([]),
});
type RawLink = z.infer<typeof linkSchema>;

/** Output of `ip -j -d address show`. @throws ZodError when this is not it */
export function readLinks(json: unknown, bridgeName: string): Pick<Kernel, 'bridge' | 'links'> {
  const all = z.array(z.unknown()).parse(json).filter((link) => !isEmpty(link)).map((link) => linkSchema.parse(link));
  const bridge = all.find(({ ifname }) => ifname === bridgeName);
  return {
    bridge: bridge && { up: isUp(bridge), mtu: bridge.mtu, addresses: bridge.addr_info.filter(({ scope }) => scope === 'global').map(({ local, prefixlen }) => `${local}/${prefixlen}`) },
    links: all.filter(({ ifname }) => ifname.startsWith(linkPrefix)).map(readLink),
  };
}

function readLink(link: RawLink): Link {
  return {
    name: link.ifname, up: isUp(link), master: link.master, hairpin: link.linkinfo?.info_slave_data?.hairpin ?? false,
    remembered: readRemembered(link.ifalias ?? '', link.altnames),
  };
}

const isUp = ({ flags }: RawLink): boolean => flags.includes('UP');
/** iproute2 prints `{}` for what its filters hide. */
const isEmpty = (link: unknown): boolean => typeof link === 'object' && link !== null && Object.keys(link).length === 0;

const entrySchema = z.object({
  chain: z.object({ name: z.string() }).optional(),
  rule: z.object({ chain: z.string() }).optional(),
  set: z.object({ name: z.string(), elem: z.array(z.unknown()).default([]) }).optional(),
  map: z.object({ name: z.string(), elem: z.array(z.unknown()).default([]) }).optional(),
});

/** Output of `nft -j list table inet oakestra`. @throws ZodError when this is not it */
export function readTable(json: unknown): Table {
  const entries = z.object({ nftables: z.array(entrySchema) }).parse(json).nftables;
  const listed = new Map(entries.flatMap(({ set, map }) => [set, map]).flatMap((one) => (one ? [[one.name, one.elem] as const] : [])));
  const elements = (set: ElementSet) => new Map((listed.get(set) ?? []).map(readElement));
  return {
    marker: entries.find(({ chain }) => chain?.name.startsWith('rules_'))?.chain?.name,
    rules: entries.filter(({ rule }) => rule).length,
    elements: Object.fromEntries(elementSets.map((set) => [set, elements(set)])) as Record<ElementSet, Map<string, string>>,
  };
}

function readElement(element: unknown): [string, string] {
  if (Array.isArray(element)) return [printOperand(element[0]), printOperand(element[1])];
  return [printOperand(element), ''];
}

const operandSchema = z.union([
  z.union([z.string(), z.number()]).transform(String),
  z.object({ concat: z.array(z.union([z.string(), z.number()])) }).transform(({ concat }) => concat.join(' . ')),
  z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) }).transform(({ prefix }) => `${prefix.addr}/${prefix.len}`),
]);

/** As nft's own grammar writes it, so that it can be compared and sent back. An unknown form is compared as it is, and so replaced. */
function printOperand(operand: unknown): string {
  const parsed = operandSchema.safeParse(operand);
  return parsed.success ? parsed.data : JSON.stringify(operand);
}
