import type { NodeSubnet } from './node-blocks.ts';
import { neverUsed, oldestFreed } from './pick-index.ts';
import { contains, parseSubnet, printSubnet, sizeOf, type Subnet } from './subnet.ts';
import { printAddress } from './address.ts';

/** IPv4 of the nodes: 10.18.0.0/26 upwards, the last one 10.29.255.192/26, as in Oakestra. */
const firstV4 = required('10.18.0.0/26');
const v6Prefix = 120;
/** The number of nodes one installation can address. Indexes run from 0 to one less. */
export const nodeSubnetCount = 12 * 1024;
/** Where the IPv6 ranges start unless the installation has a prefix of its own. */
export const defaultV6Prefix = 'fc00::/64';

/** Throws RangeError when the index is out of range or the prefix has no room for every node. */
export function nodeSubnet(index: number, prefix = defaultV6Prefix): NodeSubnet {
  if (!Number.isInteger(index) || index < 0 || index >= nodeSubnetCount) {
    throw new RangeError(`node subnet ${index}: not in 0..${nodeSubnetCount - 1}`);
  }
  return { v4: printSubnet(step(firstV4, index)), v6: printSubnet(step(firstV6(prefix), index)) };
}

/** Inverse of `nodeSubnet`; either range tells. Undefined: not a range of this plan. */
export function nodeSubnetIndex(range: string, prefix = defaultV6Prefix): number | undefined {
  const subnet = parseSubnet(range);
  if (!subnet) return undefined;
  const first = subnet.family === 4 ? firstV4 : firstV6(prefix);
  if (subnet.prefix !== first.prefix || subnet.base < first.base) return undefined;
  const index = (subnet.base - first.base) / sizeOf(first);
  return index < BigInt(nodeSubnetCount) ? Number(index) : undefined;
}

/** A freed index is used again before a new one, the one freed longest ago first. Undefined: every range is taken. */
export function nextSubnetIndex(taken: ReadonlySet<number>, freed: readonly number[] = []): number | undefined {
  return oldestFreed(0, nodeSubnetCount - 1, { taken, freed }) ?? neverUsed(0, nodeSubnetCount - 1, { taken });
}

/** Every range of the plan from `from` on, lazily. */
export function* carveSubnets(from = 0, prefix = defaultV6Prefix): Generator<NodeSubnet> {
  for (let index = from; index < nodeSubnetCount; index += 1) yield nodeSubnet(index, prefix);
}

function step(first: Subnet, index: number): Subnet {
  return { ...first, base: first.base + BigInt(index) * sizeOf(first) };
}

function firstV6(prefix: string): Subnet {
  const whole = parseSubnet(prefix);
  const first = whole && { ...whole, prefix: v6Prefix };
  const last = first && step(first, nodeSubnetCount - 1);
  if (!whole || !last || whole.family !== 6 || !contains(whole, printAddress({ family: 6, value: last.base }))) {
    throw new RangeError(`IPv6 prefix ${prefix}: must be an IPv6 range with room for ${nodeSubnetCount} ranges of /${v6Prefix}, e.g. ${defaultV6Prefix}`);
  }
  return first;
}

function required(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw new RangeError(`${text}: not a subnet`);
  return subnet;
}
