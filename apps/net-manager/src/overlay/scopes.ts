import { createHash } from 'node:crypto';
import type { NetworkPolicy } from '@oak/contracts';

/** Who may call: those of an application, of an organisation, or every instance of the overlay. A name that nft takes. */
export function scopeOf(policy: NetworkPolicy, applicationId: string, organisation: string): string {
  switch (policy) {
    case 'isolated': return `a${applicationId}`;
    case 'organisation': return `o${createHash('sha256').update(organisation).digest('hex').slice(0, 24)}`;
    case 'public': return 'all';
  }
}

/** Every scope that a caller is in. */
export function scopesOf(applicationId: string, organisation: string): string[] {
  return (['isolated', 'organisation', 'public'] as const).map((policy) => scopeOf(policy, applicationId, organisation));
}
