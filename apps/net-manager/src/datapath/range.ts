import { gatewayOffset, nth, parseAddress, parseSubnet, printSubnet, sizeOf, subnetAround, type Address, type Subnet } from '@oak/addressing';

/** One family of a subnet, and the bridge's own address in it. */
export interface Range {
  /** `10.18.0.0/26` */
  readonly subnet: string;
  /** `10.18.0.1/26` */
  readonly gateway: string;
}

/** From an address with the length of its range, as `10.18.0.7/26`, or from the range itself. @throws RangeError */
export function rangeOf(address: string): Range {
  const [text = '', length = ''] = address.split('/');
  const subnet = subnetAround(text, Number(length));
  const gateway = subnet && nth(subnet, gatewayOffset);
  if (!subnet || gateway === undefined || length === '') throw new RangeError(`${address}: expected an address with the length of its range, e.g. 10.18.0.2/26`);
  return { subnet: printSubnet(subnet), gateway: `${gateway}/${subnet.prefix}` };
}

export function bare(address: string): string {
  return address.split('/')[0] ?? '';
}

/** The few ranges of an installation are asked for every address of it. */
const parsed = new Map<string, Subnet | undefined>();
const mostParsed = 256;

function subnetOf(range: string): Subnet | undefined {
  if (parsed.has(range)) return parsed.get(range);
  const subnet = parseSubnet(range);
  if (parsed.size < mostParsed) parsed.set(range, subnet);
  return subnet;
}

/** Whether a range holds another one, or an address. False when either is none. */
export function holds(range: string, inner: string): boolean {
  const [outer, [address = '', length]] = [subnetOf(range), inner.split('/')];
  if (!outer || (length !== undefined && Number(length) < outer.prefix)) return false;
  const value = parseAddress(address);
  return value !== undefined && holdsValue(outer, value);
}

/** The same for an address that is parsed already. */
export function rangeHolds(range: string, address: Address): boolean {
  const outer = subnetOf(range);
  return outer !== undefined && holdsValue(outer, address);
}

function holdsValue(outer: Subnet, { family, value }: Address): boolean {
  return family === outer.family && value >= outer.base && value - outer.base < sizeOf(outer);
}
