import { neverUsed, oldestFreed, type Usage } from './pick-index.ts';
import { nth, sizeOf, type Subnet } from './subnet.ts';

/** `offset` counts from the base of the subnet; the same offset serves the node's other family. */
export type Picked = { readonly ok: true; readonly offset: number; readonly address: string } | { readonly ok: false; readonly reason: 'exhausted' };

/** The bridge has .1 and is every instance's gateway. */
export const gatewayOffset = 1;

/**
 * An address for one more instance; network, bridge and broadcast are never given (61 remain of a /26).
 * One that was never used comes first, then the one freed longest ago, so that others forget its past owner.
 */
export function pickAddress(subnet: Subnet, taken: ReadonlySet<number>, freed: readonly number[] = []): Picked {
  const offset = pickOffset(subnet, { taken, freed });
  const address = offset === undefined ? undefined : nth(subnet, offset);
  return offset === undefined || address === undefined ? { ok: false, reason: 'exhausted' } : { ok: true, offset, address };
}

/** How many instances fit. */
export function usable(subnet: Subnet): number {
  return Math.max(0, lastOffset(subnet) - gatewayOffset);
}

function pickOffset(subnet: Subnet, usage: Usage): number | undefined {
  const [first, last] = [gatewayOffset + 1, lastOffset(subnet)];
  return neverUsed(first, last, usage) ?? oldestFreed(first, last, usage);
}

/** The last one is broadcast. A range wider than a million is not walked further. */
function lastOffset(subnet: Subnet): number {
  return Number(sizeOf(subnet) > 1_000_000n ? 1_000_000n : sizeOf(subnet)) - 2;
}
