import { createHash } from 'node:crypto';
import { Problem } from './problem.ts';

/** Names a state of what a client may change: the same text for the same fields. */
export function etagOf(...fields: readonly unknown[]): string {
  return `"${createHash('sha256').update(JSON.stringify(fields)).digest('base64url').slice(0, 16)}"`;
}

/** `If-Match`: a change that was thought out for another state is not made. Absent: the client does not mind. @throws Problem 412 */
export function checkMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  if (ifMatch.split(',').some((one) => one.trim() === etag)) return;
  throw new Problem(412, 'Precondition failed', `it is not as you saw it: its state is ${etag} by now, the change is for ${ifMatch.slice(0, 128)}; read it again`, [], { etag });
}
