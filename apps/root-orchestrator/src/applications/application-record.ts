import { networkPolicySchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** The id of the document is the application's. Its microservices point at it. */
export const applicationRecordSchema = z.object({
  owner: z.string(),
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
