import { networkPolicySchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';
import { rootOrganisation } from '../organisations/shared-with.ts';

/** The id of the document is the application's. Its microservices point at it. */
export const applicationRecordSchema = z.object({
  /** Name of the user who made it. */
  owner: z.string(),
  organisation: z.string().default(rootOrganisation),
  name: z.string(),
  namespace: z.string(),
  description: z.string(),
  /** Who may call its microservices. */
  networkPolicy: networkPolicySchema.default('organisation'),
  createdAtMs: z.number(),
});
export type ApplicationRecord = z.infer<typeof applicationRecordSchema>;

export const applicationsCollection: CollectionDefinition<ApplicationRecord> = {
  name: 'applications', parse: (input) => applicationRecordSchema.parse(input),
  indexes: [{ name: 'name', paths: ['owner', 'name', 'namespace'], unique: true }],
};
