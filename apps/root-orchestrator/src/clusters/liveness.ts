/** silent: gets nothing new. lost: what it has is placed elsewhere. */
export type ClusterState = 'active' | 'silent' | 'lost';
export interface ClusterLivenessPolicy { readonly silentAfterMs: number; readonly lostAfterMs: number }

/** Silence first, then, after a grace, loss; a lost cluster comes back only by registering. `heard`: since this process started, which is where its silence is counted from otherwise. */
export function livenessOf(state: ClusterState, silentMs: number, heard: boolean, policy: ClusterLivenessPolicy): ClusterState {
  if (state === 'lost' || silentMs >= policy.lostAfterMs) return 'lost';
  return heard && silentMs < policy.silentAfterMs ? 'active' : 'silent';
}
