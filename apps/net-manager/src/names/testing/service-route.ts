import type { ServiceRoute } from '@oak/contracts';

type Changes = Partial<Omit<ServiceRoute, 'addresses'>> & { readonly addresses?: Partial<ServiceRoute['addresses']> };

/** A service with the addresses 10.30.0.`number` and fdff::`number`, of an application and an organisation of its own if nothing else is said. */
export function serviceRoute(name: string, number: number, { addresses, ...changes }: Changes = {}): ServiceRoute {
  const id = String(number).padStart(24, '0');
  return {
    kind: 'service', id, name, applicationId: id, organisation: `organisation-${number}`, policy: 'isolated', affinity: 'none', backends: [],
    addresses: { roundRobin: { ipv4: `10.30.0.${number}`, ipv6: `fdff::${number.toString(16)}` }, ...addresses }, ...changes,
  };
}
