import { parseSubnet } from '@oak/addressing';

/** Our part of a packet's mark: the 14 highest bits. Others use the low ones. */
export const markMask = 0xfffc0000;
const markShift = 18;
const mostMarks = 2 ** 14;

/** Of what passed from one instance of this node to another by our rules; no node has it. */
export const localMark = markMask;

/** The number of a node, 1 to 16382, from its first IPv4 range: one for each /26 of 10.16.0.0/12, where all nodes are. Undefined: it would be that of nobody or of this machine. */
export function nodeNumber(range: string): number | undefined {
  const subnet = parseSubnet(range);
  if (subnet?.family !== 4) return undefined;
  const number = Number(subnet.base >> 6n) % mostMarks;
  return number === 0 || number === mostMarks - 1 ? undefined : number;
}

/** As nft and ip print it. */
export function markOf(number: number): string {
  return `0x${(number * 2 ** markShift).toString(16).padStart(8, '0')}`;
}

/** Numbers of routing tables are 32 bits and names of tables have small ones. */
export function routingTable(number: number): string {
  return String(0x6f6b0000 + number);
}
export const isOurTable = (table: string): boolean => Number(table) > 0x6f6b0000 && Number(table) < 0x6f6b0000 + mostMarks;

/** Rules for routes are asked in this order: what has no mark goes past all of ours at once. */
export const rulePriority = { guard: 4100, lookup: 4101, end: 4102 } as const;
