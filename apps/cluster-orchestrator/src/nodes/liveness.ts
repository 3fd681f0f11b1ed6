import type { NodeRecord } from './node-record.ts';

export interface LivenessPolicy { readonly unknownAfterMs: number; readonly lostAfterMs: number }

/** Silence means unknown, then, after a grace, lost; never gone. A lost node comes back only by registering. */
export function livenessOf(state: NodeRecord['state'], silentMs: number, policy: LivenessPolicy): NodeRecord['state'] {
  if (state === 'lost' || silentMs >= policy.lostAfterMs) return 'lost';
  return silentMs >= policy.unknownAfterMs ? 'unknown' : 'active';
}
