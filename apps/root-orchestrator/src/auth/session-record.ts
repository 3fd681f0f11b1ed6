import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A login that lasts: the id of the document is in all its tokens. Gone: none of them is good any more. */
export const sessionRecordSchema = z.object({
  userId: z.string(),
  organisation: z.string(),
  /** The refresh token in use, by its id, and those that were given for it of which none has been shown yet: two programs may renew one login at the same time. */
  current: z.string(),
  next: z.array(z.string()),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
});
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
export const sessionsCollection: CollectionDefinition<SessionRecord> = {
  name: 'sessions', parse: (input) => sessionRecordSchema.parse(input), indexes: [{ name: 'user', paths: ['userId'] }],
};
