import { bitsOf, parseAddress, printAddress, type Address, type Family } from './address.ts';

/** A range of addresses: `base` has every bit after `prefix` zero. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** `10.18.0.0/26`, `fc00::/120`. Undefined: not a subnet, or bits set after the prefix (`10.18.0.1/26` names an address, not a range). */
export function parseSubnet(text: string): Subnet | undefined {
  const [address, length, ...rest] = text.split('/');
  const parsed = address === undefined || rest.length > 0 ? undefined : parseAddress(address);
  if (!parsed || length === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const subnet = { family: parsed.family, base: parsed.value, prefix: Number(length) };
  return subnet.prefix <= bitsOf(subnet.family) && subnet.base % sizeOf(subnet) === 0n ? subnet : undefined;
}

/** The range of that length that `address` lies in: `10.18.0.7`, 26 gives 10.18.0.0/26. Undefined: not an address, or a length it can not have. */
export function subnetAround(address: string, prefix: number): Subnet | undefined {
  const parsed = parseAddress(address);
  if (!parsed || !Number.isInteger(prefix) || prefix < 0 || prefix > bitsOf(parsed.family)) return undefined;
  const size = sizeOf({ family: parsed.family, base: 0n, prefix });
  return { family: parsed.family, base: parsed.value - (parsed.value % size), prefix };
}

export function printSubnet({ family, base, prefix }: Subnet): string {
  return `${printAddress({ family, value: base })}/${prefix}`;
}

/** How many addresses it spans, network and broadcast included. */
export function sizeOf({ family, prefix }: Subnet): bigint {
  return 1n << BigInt(bitsOf(family) - prefix);
}

export function contains(subnet: Subnet, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && within(subnet, parsed);
}

/** The address `offset` places after the base. Undefined: outside. */
export function nth(subnet: Subnet, offset: number): string | undefined {
  if (!Number.isSafeInteger(offset) || offset < 0 || BigInt(offset) >= sizeOf(subnet)) return undefined;
  return printAddress({ family: subnet.family, value: subnet.base + BigInt(offset) });
}

/** Inverse of `nth`. Undefined: outside, another family, not an address, or too far from the base to count. */
export function offsetOf(subnet: Subnet, address: string): number | undefined {
  const parsed = parseAddress(address);
  if (!parsed || !within(subnet, parsed)) return undefined;
  const offset = parsed.value - subnet.base;
  return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : undefined;
}

function within(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet);
}
