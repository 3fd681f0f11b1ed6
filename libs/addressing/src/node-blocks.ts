import { contains, parseSubnet, printSubnet, sizeOf, type Subnet } from './subnet.ts';
import { printAddress } from './address.ts';
import type { ServicePlan } from './service-addresses.ts';

/** A range of each family, e.g. `10.18.0.0/26` and `fc00::/120`. */
export interface NodeSubnet {
  readonly v4: string;
  readonly v6: string;
}

/** The installation's ranges for nodes. */
export interface NodePlan {
  /** Cut into blocks in this order. */
  readonly v4: readonly string[];
  readonly v6: string;
}

/** 10.18.0.0 to 10.29.255.255, as in Oakestra. */
export const defaultNodePlan: NodePlan = { v4: ['10.18.0.0/15', '10.20.0.0/14', '10.24.0.0/14', '10.28.0.0/15'], v6: 'fc00::/64' };

/** A node gets so much at a time: 61 instances. */
const nodePrefix = { v4: 26, v6: 120 } as const;
/** A cluster gets so much at a time: 32 nodes. */
const blockPrefix = { v4: 21, v6: 115 } as const;
export const subnetsPerBlock = 2 ** (nodePrefix.v4 - blockPrefix.v4);

/** Each node's tunnel has a number of 14 bits, of which two values stand for none and for all. */
export const nodesMost = 2 ** 14 - 2;

/** How many clusters' blocks the plan holds. @throws RangeError that names the range at fault */
export function nodeBlockCount(plan: NodePlan = defaultNodePlan): number {
  return plan.v4.reduce((sum, text) => sum + pieces(rangeOf(text, 4, blockPrefix.v4), blockPrefix.v4), 0);
}

/** Block number `index`, or undefined: the plan has no such block. @throws RangeError when the plan's IPv6 range is smaller than its IPv4 ranges */
export function nodeBlock(index: number, plan: NodePlan = defaultNodePlan): NodeSubnet | undefined {
  let rest = index;
  for (const text of plan.v4) {
    const range = rangeOf(text, 4, blockPrefix.v4);
    const count = pieces(range, blockPrefix.v4);
    if (rest < count) return { v4: piece(range, blockPrefix.v4, rest), v6: piece(sixOf(plan), blockPrefix.v6, index) };
    rest -= count;
  }
  return undefined;
}

/** The subnets of a block, one for each node. @throws RangeError when it is no block */
export function subnetsOfBlock({ v4, v6 }: NodeSubnet): NodeSubnet[] {
  const [four, six] = [rangeOf(v4, 4, nodePrefix.v4), rangeOf(v6, 6, nodePrefix.v6)];
  const count = Math.min(pieces(four, nodePrefix.v4), pieces(six, nodePrefix.v6));
  return Array.from({ length: count }, (_, at) => ({ v4: piece(four, nodePrefix.v4, at), v6: piece(six, nodePrefix.v6, at) }));
}

/** Whatever lies in these is an instance of some node, or nothing at all. */
export function nodeRangesOf({ v4, v6 }: NodePlan): { v4: string[]; v6: string[] } {
  return { v4: [...v4], v6: [v6] };
}

/** Whatever lies in these is a service or an instance, or nothing at all. */
export function serviceRangesOf({ v4, v6All }: ServicePlan): { v4: string[]; v6: string[] } {
  return { v4: [v4], v6: [v6All] };
}

function pieces(range: Subnet, prefix: number): number {
  return Number(sizeOf(range) / sizeOf({ ...range, prefix }));
}

function piece(range: Subnet, prefix: number, index: number): string {
  const size = sizeOf({ ...range, prefix });
  return printSubnet({ ...range, prefix, base: range.base + BigInt(index) * size });
}

function sixOf(plan: NodePlan): Subnet {
  const range = rangeOf(plan.v6, 6, blockPrefix.v6);
  if (pieces(range, blockPrefix.v6) >= nodeBlockCount(plan)) return range;
  throw new RangeError(`${plan.v6}: has no room for as many nodes as ${plan.v4.join(', ')}; use a /64`);
}

function rangeOf(text: string, family: 4 | 6, longest: number): Subnet {
  const range = parseSubnet(text);
  if (range?.family === family && range.prefix <= longest) return range;
  throw new RangeError(`${text}: must be an IPv${family} range of length /${longest} or shorter`);
}

/** Ranges for services from one range of each family; IPv6 is divided as Oakestra divides fdff::/16. @throws RangeError that names the range at fault */
export function servicePlanOf(v4: string, v6: string): ServicePlan {
  rangeOf(v4, 4, 30);
  const six = rangeOf(v6, 6, 96);
  const part = (index: number): string => piece(six, six.prefix + 5, index);
  return { v4, v6: { instance: part(0), closest: part(2), 'round-robin': part(4) }, v6All: v6 };
}

/** True: a range of one overlaps a range of the other. */
export function overlaps(a: string, b: string): boolean {
  const [one, two] = [parseSubnet(a), parseSubnet(b)];
  if (!one || !two || one.family !== two.family) return false;
  const base = ({ family, base }: Subnet): string => printAddress({ family, value: base });
  return contains(one, base(two)) || contains(two, base(one));
}
