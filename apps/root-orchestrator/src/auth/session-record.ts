import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A login that lasts: the id of the document is in all its tokens. Gone: none of them is good any more. */
export const sessionRecordSchema = z.object({
  userId: z.string(),
  organisation: z.string(),
  /** The refresh token in use, by its id, and the one that was given for it and has not been shown yet. */
  current: z.string(),
  next: z.string().optional(),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
});
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
export const sessionsCollection: CollectionDefinition<SessionRecord> = {
  name: 'sessions', parse: (input) => sessionRecordSchema.parse(input), indexes: [{ name: 'user', paths: ['userId'] }],
};
