import { affinitySchema, networkPolicySchema, serviceAddressesSchema } from '@oak/contracts';
import { microserviceSchema } from '@oak/sla';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';
import { rootOrganisation } from '../organisations/shared-with.ts';

/** What it was, or may become again: instances of it may still run. */
const descriptionSchema = z.object({ version: z.int().positive(), microservice: microserviceSchema, submitted: z.record(z.string(), z.unknown()), createdAtMs: z.number() });
export type Description = z.infer<typeof descriptionSchema>;

/** How its instances come to its version. */
const rolloutSchema = z.object({
  from: z.int().positive(),
  to: z.int().positive(),
  status: z.enum(['going', 'done', 'failed']),
  /** For people: how far it is, or why it failed. */
  detail: z.string(),
  /** For people: why it goes back. */
  reason: z.string().optional(),
  /** New instances that may be starting at once. */
  surge: z.int().positive(),
  /** How long each new instance may take until it answers. */
  patienceMs: z.number().positive(),
  /** Which of two goes first: the new one comes before the old one leaves, or after, when both at once have no room. */
  order: z.enum(['start_first', 'stop_first']).default('start_first'),
  onFailure: z.enum(['rollback', 'stop']),
  startedAtMs: z.number(),
});
export type Rollout = z.infer<typeof rolloutSchema>;

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
  /** Of `microservice`. Each change of it has a greater one; going back takes the old one again. */
  version: z.int().positive().default(1),
  lastVersion: z.int().positive().default(1),
  versionAtMs: z.number().optional(),
  past: z.array(descriptionSchema).default([]),
  rollout: rolloutSchema.optional(),
  /** How many instances there shall be. Absent: as many as were asked for one by one. */
  wished: z.int().nonnegative().optional(),
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
