import { z } from 'zod';
import { choice, list, record, text } from './fields.ts';
import { shown } from './shorten.ts';
import { fault } from './violation.ts';

const ipFault = (kind: string, example: string) => ({
  error: ({ input }: { readonly input?: unknown }) => fault(`must be an ${kind} address, is ${shown(input)}`, `write an ${kind} address such as "${example}", or leave it empty`),
});

const ipv4Fault = ipFault('IPv4', '10.30.30.30');
const ipv6Fault = ipFault('IPv6', 'fdff:2000::30');
const ipv4 = (description: string) => z.union([z.literal(''), z.ipv4(ipv4Fault)], ipv4Fault).describe(description).optional();
const ipv6 = (description: string) => z.union([z.literal(''), z.ipv6(ipv6Fault)], ipv6Fault).describe(description).optional();

const instanceRange = record({
  from: text('Number of the first instance of the range, e.g. "0". Optional, default "0".').optional(),
  to: text('Number of the last instance of the range. Optional, default: no end.').optional(),
  start: text('IPv4 or IPv6 address of the first instance; the others follow in order. Optional.').optional(),
}, 'a range of instance addresses');

/** Whether each connection is spread by itself, or a caller stays with one instance. */
export const affinities = ['none', 'client'] as const;

/** Service addresses that are asked for. An empty text means: none in particular. Whether an address can be had is decided when the microservice is created. */
export const addressesSchema = record({
  /** Optional, immutable. IPv4 of the round-robin address, inside the service network (10.30.0.0/16). */
  rr_ip: ipv4('IPv4 that spreads calls over all instances in turn, inside 10.30.0.0/16. Optional: one is chosen. Immutable.'),
  /** Optional, immutable. IPv6 of the round-robin address. */
  rr_ip_v6: ipv6('IPv6 that spreads calls over all instances in turn. Optional: one is chosen. Immutable.'),
  /** Optional, immutable. IPv4 that leads to the closest instance. */
  closest_ip: ipv4('IPv4 that leads to the closest instance. Optional. Immutable.'),
  /** Optional, immutable. IPv6 that leads to the closest instance. */
  closest_ip_v6: ipv6('IPv6 that leads to the closest instance. Optional. Immutable.'),
  /** Optional, immutable. `client`: the same caller gets the same instance as long as that one runs. */
  affinity: choice('none: every connection is spread by itself; client: the same caller gets the same instance as long as it runs. Optional, default none. Immutable.', affinities).optional(),
  /** Optional. Addresses for single instances. */
  instances: list(instanceRange, 'Addresses for single instances. Optional. Immutable.', 256).optional(),
}, 'an object of addresses').describe('Service addresses that are asked for.');

export type Addresses = z.output<typeof addressesSchema>;
