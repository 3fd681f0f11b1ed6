import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';
import { roles } from '../auth/access.ts';

/** The id of the document is the organisation's. Who has which role is known here alone. */
export const organisationRecordSchema = z.object({
  name: z.string(),
  members: z.array(z.object({ userId: z.string(), roles: z.array(z.enum(roles)) })),
  createdAtMs: z.number(),
});
export type OrganisationRecord = z.infer<typeof organisationRecordSchema>;
export type Member = OrganisationRecord['members'][number];

export const organisationsCollection: CollectionDefinition<OrganisationRecord> = {
  name: 'organisations', parse: (input) => organisationRecordSchema.parse(input), indexes: [{ name: 'name', paths: ['name'], unique: true }],
};
