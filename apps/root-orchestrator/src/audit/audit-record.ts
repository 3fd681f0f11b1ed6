import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** Somebody wanted to change something; ids grow with time. Bodies are never here: they hold passwords. */
export const auditRecordSchema = z.object({
  atMs: z.number(),
  /** Name of the user; of a login, the name that was given. Absent: nobody who is known. */
  actor: z.string().optional(),
  organisation: z.string().optional(),
  /** Where he asked from. */
  address: z.string(),
  method: z.string(),
  path: z.string(),
  /** HTTP's. */
  status: z.int(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;
export const auditCollection: CollectionDefinition<AuditRecord> = {
  name: 'audit', parse: (input) => auditRecordSchema.parse(input), indexes: [{ name: 'actor', paths: ['actor'] }, { name: 'organisation', paths: ['organisation'] }],
};
