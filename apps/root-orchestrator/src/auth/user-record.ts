import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

export const roles = ['Admin', 'Organization_Admin', 'Application_Provider', 'Infrastructure_Provider'] as const;
export const userRecordSchema = z.object({
  name: z.string(),
  /** argon2id in PHC format. Never leaves this process. */
  passwordHash: z.string(),
  roles: z.array(z.enum(roles)),
  organization: z.string(),
  createdAtMs: z.number(),
});
export type UserRecord = z.infer<typeof userRecordSchema>;
export const usersCollection: CollectionDefinition<UserRecord> = {
  name: 'users', parse: (input) => userRecordSchema.parse(input), indexes: [{ name: 'name', paths: ['name'], unique: true }],
};
