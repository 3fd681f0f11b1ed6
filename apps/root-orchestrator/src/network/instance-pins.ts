import { nth, parseSubnet, type AddressPins } from '@oak/addressing';
import type { Microservice } from '@oak/sla';

/** The addresses that a descriptor asks for the instance of this number: `instances: [{ from: "0", to: "9", start: "10.30.7.1" }]`. */
export function instancePins({ addresses }: Pick<Microservice, 'addresses'>, number: number): AddressPins {
  const pins: { ipv4?: string; ipv6?: string } = {};
  for (const { from, to, start } of addresses?.instances ?? []) {
    const [first, last] = [bound(from, 0), bound(to, Number.MAX_SAFE_INTEGER)];
    const address = start !== undefined && start !== '' && number >= first && number <= last ? plus(start, number - first) : undefined;
    if (address !== undefined) pins[address.includes(':') ? 'ipv6' : 'ipv4'] = address;
  }
  return pins;
}

export interface PinFault { readonly at: number; readonly field: 'from' | 'to' | 'start'; readonly value: string; readonly message: string }

/** What can not be right whoever has the addresses. */
export function instancePinFaults({ addresses }: Pick<Microservice, 'addresses'>): PinFault[] {
  return (addresses?.instances ?? []).flatMap(({ from, to, start }, at) => [
    ...(['from', 'to'] as const).flatMap((field) => {
      const value = field === 'from' ? from : to;
      return value === undefined || /^\d{0,9}$/.test(value) ? [] : [{ at, field, value, message: 'must be the number of an instance, e.g. "0"' }];
    }),
    ...(start === undefined || start === '' || plus(start, 0) !== undefined ? [] : [{ at, field: 'start' as const, value: start, message: 'must be an IPv4 or IPv6 address' }]),
  ]);
}

function bound(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

function plus(start: string, count: number): string | undefined {
  const whole = parseSubnet(start.includes(':') ? '::/0' : '0.0.0.0/0');
  const base = parseSubnet(`${start}/${start.includes(':') ? 128 : 32}`);
  return whole && base && nth({ ...whole, base: base.base }, count);
}
