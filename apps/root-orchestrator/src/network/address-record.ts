import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A pair of addresses that somebody has, or had; the id of the document is the IPv4. */
export const addressRecordSchema = z.object({
  /** Absent once the pair was given back: then another IPv4 may go with it. */
  ipv6: z.ipv6().optional(),
  purpose: z.enum(['round-robin', 'closest', 'instance']),
  /** Id of the service or the instance, and its name for people. */
  owner: z.object({ id: z.string(), name: z.string() }).optional(),
  /** Counts up over all that were given back. */
  freed: z.int().optional(),
});
export type AddressRecord = z.infer<typeof addressRecordSchema>;

export const addressesCollection: CollectionDefinition<AddressRecord> = {
  name: 'addresses', parse: (input) => addressRecordSchema.parse(input),
  indexes: [{ name: 'ipv6', paths: ['ipv6'], unique: true }, { name: 'owner', paths: ['owner.id'] }],
};
