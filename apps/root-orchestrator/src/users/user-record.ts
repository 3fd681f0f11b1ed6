import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** The id of the document is the user's. Roles are the organisations'. */
export const userRecordSchema = z.object({
  name: z.string(),
  email: z.string().default(''),
  /** argon2id in PHC format. Never leaves this process. */
  passwordHash: z.string(),
  /** From then on it is good for nothing but to be changed. Absent: for ever. */
  passwordExpiresAtMs: z.number().optional(),
  /** Of a password that was forgotten: SHA-256 of what its owner must show. */
  reset: z.object({ hash: z.string(), expiresAtMs: z.number() }).optional(),
  /** As a client said it; Oakestra's clients send a text of their own. */
  createdAt: z.string().optional(),
  createdAtMs: z.number(),
});
export type UserRecord = z.infer<typeof userRecordSchema>;
export const usersCollection: CollectionDefinition<UserRecord> = {
  name: 'users', parse: (input) => userRecordSchema.parse(input), indexes: [{ name: 'name', paths: ['name'], unique: true }],
};
