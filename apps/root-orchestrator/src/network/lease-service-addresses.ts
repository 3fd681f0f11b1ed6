import type { AddressPins, AddressPurpose } from '@oak/addressing';
import type { Microservice } from '@oak/sla';
import { Problem } from '../http/problem.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import type { Addresses, Owner, Refused } from './addresses.ts';
import { instancePinFaults } from './instance-pins.ts';

const titles = { outside: [422, 'Invalid descriptor'], taken: [409, 'Conflict'], exhausted: [507, 'No address left'] } as const;
const remedies = {
  outside: 'choose an address of that range, or leave the field empty: one is chosen', taken: 'choose another one, or leave the field empty: one is chosen', exhausted: 'remove services or instances that are not needed, or give root a larger range',
} as const;

/** Addresses of a new service: those that its descriptor asks for, else free ones. `path`: of the microservice, for people. @throws Problem that names the field; nothing is kept then */
export async function leaseServiceAddresses(addresses: Addresses, owner: Owner, { addresses: asked }: Microservice, path: string): Promise<NonNullable<ServiceRecord['network']>> {
  const [fault] = instancePinFaults({ addresses: asked });
  if (fault) throw new Problem(422, 'Invalid descriptor', `${path}.addresses.instances[${fault.at}].${fault.field}: ${fault.message}`, [{ path: `${path}.addresses.instances[${fault.at}].${fault.field}`, message: fault.message, value: fault.value }]);
  const lease = async (purpose: AddressPurpose, fields: readonly [string, string], pins: AddressPins) => {
    const leased = await addresses.lease(purpose, owner, pins);
    if (leased.ok) return { ipv4: leased.ipv4, ipv6: leased.ipv6 };
    throw refusal(leased, `${path}.addresses.${fields[leased.family === 4 ? 0 : 1]}`, pins);
  };
  try {
    const roundRobin = await lease('round-robin', ['rr_ip', 'rr_ip_v6'], pinsOf(asked?.rr_ip, asked?.rr_ip_v6));
    const pins = pinsOf(asked?.closest_ip, asked?.closest_ip_v6);
    const closest = pins.ipv4 === undefined && pins.ipv6 === undefined ? undefined : await lease('closest', ['closest_ip', 'closest_ip_v6'], pins);
    return { addresses: { roundRobin, ...(closest && { closest }) }, affinity: asked?.affinity ?? 'none' };
  } catch (error) {
    await addresses.release(owner.id);
    throw error;
  }
}

function pinsOf(ipv4: string | undefined, ipv6: string | undefined): AddressPins {
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

function refusal({ reason, family, text }: Refused, path: string, pins: AddressPins): Problem {
  const [status, title] = titles[reason];
  return new Problem(status, title, `${path}: ${text}; ${remedies[reason]}`, [{ path, message: text, remedy: remedies[reason], value: family === 4 ? pins.ipv4 : pins.ipv6 }]);
}
