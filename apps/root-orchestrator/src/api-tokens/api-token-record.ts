import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A token for a machine; the id of the document is part of it. */
export const apiTokenRecordSchema = z.object({
  userId: z.string(),
  organisation: z.string(),
  name: z.string(),
  /** `resource:verb` each, * for any: never more than its owner's roles allow. */
  scopes: z.array(z.string()),
  /** SHA-256 of its secret half. */
  hash: z.string(),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
});
export type ApiTokenRecord = z.infer<typeof apiTokenRecordSchema>;
export const apiTokensCollection: CollectionDefinition<ApiTokenRecord> = {
  name: 'apiTokens', parse: (input) => apiTokenRecordSchema.parse(input), indexes: [{ name: 'user', paths: ['userId'] }],
};
