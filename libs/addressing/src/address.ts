export type Family = 4 | 6;

/** One IP address as a number; 32 bits for IPv4, 128 for IPv6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** Strict: four decimal octets without leading zeros, or RFC 4291 text (no zone, no embedded IPv4). Undefined: not an address. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parse6(text) : parse4(text);
}

/** IPv4 dotted; IPv6 as RFC 5952 wants it: lower case, the longest run of zero groups shortened. */
export function printAddress({ family, value }: Address): string {
  return family === 4 ? groups(value, 4, 8).join('.') : print6(groups(value, 8, 16));
}

function parse4(text: string): Address | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) return undefined;
  return { family: 4, value: join(octets.map(Number), 8) };
}

function parse6(text: string): Address | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail] = halves;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length > 2 || (tail ? missing < 1 : missing !== 0)) return undefined;
  const words = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return { family: 6, value: join(words.map((word) => Number.parseInt(word, 16)), 16) };
}

function print6(words: readonly number[]): string {
  const hex = words.map((word) => word.toString(16)).join(':');
  const runs = [...hex.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length || a.index - b.index);
  const [longest] = runs;
  if (!longest) return hex;
  const before = hex.slice(0, longest.index).replace(/:$/, '');
  const after = hex.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

function join(parts: readonly number[], width: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(width)) | BigInt(part), 0n);
}

function groups(value: bigint, count: number, width: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(BigInt.asUintN(width, value >> BigInt(width * (count - 1 - i)))));
}
