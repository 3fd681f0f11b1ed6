import { randomBytes } from 'node:crypto';

/** 24 hex characters whose first eight are the seconds since 1970, as Oakestra's ids have them: they sort by age. */
export function newId(): string {
  return Math.floor(Date.now() / 1000).toString(16).padStart(8, '0') + randomBytes(8).toString('hex');
}
