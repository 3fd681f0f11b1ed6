import { createHash } from 'node:crypto';

/** Ours alone: unique local addresses inside WireGuard. `6f61 6b77 67` is "oakwg". */
export const innerRange = 'fd6f:616b:7767::/48';

/** Where a node is reached inside WireGuard; every node knows it by the names alone. 80 bits of a hash, so no two nodes of an installation share one. */
export function innerAddress(cluster: string, node: string): string {
  const bytes = createHash('sha256').update(`${cluster}/${node}`).digest();
  // The first of the five groups is never 0: the kernel would print such an address in a shorter way.
  const groups = Array.from({ length: 5 }, (_, i) => (bytes.readUInt16BE(2 * i) || 1).toString(16));
  return `fd6f:616b:7767:${groups.join(':')}`;
}
