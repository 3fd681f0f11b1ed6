import { affinitySchema, networkPolicySchema, serviceAddressesSchema } from '@oak/contracts';
import { microserviceSchema } from '@oak/sla';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';
import { rootOrganisation } from '../organisations/shared-with.ts';

/** A microservice of an application; the id of the document is the service's. */
export const serviceRecordSchema = z.object({
  applicationId: z.string(),
  owner: z.string(),
  /** Its application's, both. */
  organisation: z.string().default(rootOrganisation),
  applicationName: z.string(),
  applicationNamespace: z.string(),
  /** `<application>.<namespace>.<microservice>.<namespace>`: unique over all owners, since it becomes a name on the network. */
  name: z.string(),
  microservice: microserviceSchema,
  /** As it was sent, for clients that look for their own fields. */
  submitted: z.record(z.string(), z.unknown()),
  /** Who may call it. */
  networkPolicy: networkPolicySchema.default('organisation'),
  /** Its addresses in the overlay; absent: it was created before there was one. */
  network: z.object({ addresses: serviceAddressesSchema, affinity: affinitySchema }).optional(),
  nextInstanceNumber: z.int().nonnegative(),
  /** Being removed: its instances go first. Hidden from clients. */
  deleting: z.boolean(),
  createdAtMs: z.number(),
});
export type ServiceRecord = z.infer<typeof serviceRecordSchema>;

export const servicesCollection: CollectionDefinition<ServiceRecord> = {
  name: 'services', parse: (input) => serviceRecordSchema.parse(input),
  indexes: [{ name: 'application', paths: ['applicationId'] }, { name: 'name', paths: ['name'], unique: true }],
};
