import { overlaps, parseSubnet, type NodeSubnet } from '@oak/addressing';
import type { OverlayRanges } from '@oak/contracts';
import type { NodeAddresses } from '../overlay/overlay.ts';
import { faultOf } from './parse-subnet-pair.ts';

/** A range that is wider takes in half the world: nobody means that. */
const widest = { 4: 8, 6: 7 } as const;

/** What is wrong with them, for people; undefined: nothing. */
export function addressesFault({ subnets, nodeRanges, serviceRanges }: NodeAddresses): string | undefined {
  return first([...subnets.map(faultOf), rangesFault(nodeRanges), rangesFault(serviceRanges), overlapFault(subnets), mixFault(nodeRanges, serviceRanges)]);
}

function rangesFault({ v4, v6 }: OverlayRanges): string | undefined {
  return first([...v4.map((text) => rangeFault(text, 4)), ...v6.map((text) => rangeFault(text, 6)), pairsFault(v4), pairsFault(v6)]);
}

function rangeFault(text: string, family: 4 | 6): string | undefined {
  const range = parseSubnet(text);
  if (range?.family !== family) return `${JSON.stringify(text)} is no IPv${family} range`;
  return range.prefix < widest[family] ? `${text} is too wide: /${widest[family]} or more` : undefined;
}

function pairsFault(ranges: readonly string[]): string | undefined {
  return first(ranges.flatMap((one, i) => ranges.slice(i + 1).map((other) => clashFault(one, other))));
}

function overlapFault(subnets: readonly NodeSubnet[]): string | undefined {
  return first([pairsFault(subnets.map(({ v4 }) => v4)), pairsFault(subnets.map(({ v6 }) => v6))]);
}

function mixFault(nodes: OverlayRanges, services: OverlayRanges): string | undefined {
  return first((['v4', 'v6'] as const).flatMap((family) => nodes[family].flatMap((one) => services[family].map((other) => clashFault(one, other)))));
}

function clashFault(one: string, other: string): string | undefined {
  return overlaps(one, other) ? `${one} and ${other} overlap` : undefined;
}

const first = (faults: readonly (string | undefined)[]): string | undefined => faults.find((fault) => fault !== undefined);
