import { nodesMost, parseSubnet, sizeOf } from '@oak/addressing';

/** Our part of a packet's mark: the 14 highest bits. Others use the low ones. */
export const markMask = 0xfffc0000;
const markShift = 18;

/** Of what passed from one instance of this node to another by our rules; no node has it. */
export const localMark = markMask;

/** A node has as much as this, or more. */
const nodePrefix = 26;

/**
 * The number of a node by its first IPv4 range: each /26 of the ranges where nodes are has one, counted from 1 in their order. Undefined: it is in none of
 * them, smaller than a /26, or one for which no mark is left.
 */
export function nodeNumber(range: string, nodeRanges: readonly string[]): number | undefined {
  const subnet = parseSubnet(range);
  if (subnet?.family !== 4 || subnet.prefix > nodePrefix) return undefined;
  let before = 0;
  for (const outer of nodeRanges.map(parseSubnet)) {
    if (outer?.family !== 4) continue;
    if (subnet.base >= outer.base && subnet.base - outer.base < sizeOf(outer)) return markable(1 + before + pieces(subnet.base - outer.base));
    before += pieces(sizeOf(outer));
  }
  return undefined;
}

const pieceSize = sizeOf({ family: 4, base: 0n, prefix: nodePrefix });
/** How many /26, a started one included. */
const pieces = (addresses: bigint): number => Number((addresses + pieceSize - 1n) / pieceSize);
/** The last mark is that of this machine. */
const markable = (number: number): number | undefined => (number <= nodesMost ? number : undefined);

/** As nft and ip print it. */
export function markOf(number: number): string {
  return `0x${(number * 2 ** markShift).toString(16).padStart(8, '0')}`;
}

/** Numbers of routing tables are 32 bits and names of tables have small ones. */
export function routingTable(number: number): string {
  return String(0x6f6b0000 + number);
}
export const isOurTable = (table: string): boolean => Number(table) > 0x6f6b0000 && Number(table) <= 0x6f6b0000 + nodesMost;

/** Rules for routes are asked in this order: what has no mark goes past all of ours at once. */
export const rulePriority = { guard: 4100, lookup: 4101, end: 4102 } as const;
