import type { Document } from '@oak/store';
import type { Role } from '../auth/access.ts';
import type { UserRecord } from './user-record.ts';

/** Oakestra's user document, without the hash of the password. `roles` undefined: those of no organisation were asked for. */
export function userView({ id, body }: Document<UserRecord>, roles?: readonly Role[]): Record<string, unknown> {
  return { _id: { $oid: id }, name: body.name, email: body.email, created_at: body.createdAt ?? new Date(body.createdAtMs).toISOString(), ...(roles && { roles }) };
}
