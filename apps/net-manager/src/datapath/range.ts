import { gatewayOffset, nth, parseSubnet, printSubnet, subnetAround } from '@oak/addressing';

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

/** Whether a range holds another one, or an address. False when either is none. */
export function holds(range: string, inner: string): boolean {
  const [outer, [address = '', length]] = [parseSubnet(range), inner.split('/')];
  if (!outer || (length !== undefined && Number(length) < outer.prefix)) return false;
  const around = subnetAround(address, outer.prefix);
  return around?.family === outer.family && around.base === outer.base;
}

export function clash(one: string, other: string): boolean {
  return holds(one, other) || holds(other, one);
}
