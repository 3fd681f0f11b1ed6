import { parseSubnet, sizeOf, usable, type NodeSubnet } from '@oak/addressing';

/** What is wrong with a node's pair of ranges, for people; undefined: nothing. */
export function faultOf({ v4, v6 }: NodeSubnet): string | undefined {
  const [four, six] = [parseSubnet(v4), parseSubnet(v6)];
  if (four?.family !== 4) return `${JSON.stringify(v4)} is no IPv4 range, expected e.g. 10.18.0.0/26`;
  if (six?.family !== 6) return `${JSON.stringify(v6)} is no IPv6 range, expected e.g. fc00::/120`;
  if (four.prefix < 16 || usable(four) < 1) return `${v4} must have a length of /16 to /30`;
  // The n-th address of one family goes with the n-th of the other.
  return sizeOf(six) < sizeOf(four) ? `${v6} has fewer addresses than ${v4}` : undefined;
}

/** `10.18.0.0/26,fc00::/120`. Text: what is wrong with it. */
export function parseSubnetPair(text: string): NodeSubnet | string {
  const [v4 = '', v6 = '', ...rest] = text.split(',').map((part) => part.trim());
  if (rest.length > 0) return 'expected two ranges with a comma between, e.g. 10.18.0.0/26,fc00::/120';
  const subnet = { v4, v6 };
  return faultOf(subnet) ?? subnet;
}
