import type { PlacementExplanation } from '@oak/contracts';
import { isFinal, isWaiting } from '@oak/instance';
import type { Decision } from '@oak/scheduling';
import type { InstanceRecord } from './instance-record.ts';

export type WaitingStatus = 'TargetClusterNotFound' | 'TargetClusterNotActive' | 'TargetClusterNoCapacity' | 'NoActiveClusterWithCapacity';

export type InstanceAction =
  | { readonly kind: 'place' }
  /** Its cluster shall have it in its assignment. */
  | { readonly kind: 'assign'; readonly cluster: string }
  /** Its cluster shall drop it; the record stays until the cluster says that it is gone. */
  | { readonly kind: 'withdraw'; readonly cluster: string }
  /** Its cluster is lost: another one shall have it, if one can take it. */
  | { readonly kind: 'move'; readonly from: string }
  /** Nobody has it any more. `lost`: this cluster had it and may still run it; it drops it when it is back. */
  | { readonly kind: 'forget'; readonly lost?: string }
  | { readonly kind: 'rest' };

/** One instance, decided from what is known. `lost`: its cluster has been given up. */
export function planInstance(record: InstanceRecord, lost: boolean): InstanceAction {
  const { cluster, desired, status } = record;
  if (desired === 'gone') return cluster === undefined ? { kind: 'forget' } : lost ? { kind: 'forget', lost: cluster } : { kind: 'withdraw', cluster };
  if (cluster === undefined) return isWaiting(status) ? { kind: 'place' } : { kind: 'rest' };
  if (!lost) return { kind: 'assign', cluster };
  return isFinal(status) ? { kind: 'rest' } : { kind: 'move', from: cluster };
}

/** What Oakestra calls the reason why nobody takes it. `pinned`: the clusters that the descriptor names, if it names any. */
export function waitingStatus({ explanation }: Decision, pinned: readonly string[] | undefined, known: (name: string) => { active: boolean } | undefined): WaitingStatus {
  if (!pinned) return 'NoActiveClusterWithCapacity';
  const targets = pinned.map(known).filter((target) => target !== undefined);
  if (targets.length === 0) return 'TargetClusterNotFound';
  if (!targets.some((target) => target.active)) return 'TargetClusterNotActive';
  return explanation.evaluated > 0 ? 'TargetClusterNoCapacity' : 'TargetClusterNotFound';
}

/** The sentence for the person who asks about an instance of a lost cluster that nobody else can take. */
export function strandedDetail(cluster: string, explanation: PlacementExplanation, refusals: InstanceRecord['refusals']): string {
  return `cluster ${cluster} is lost and may still run it; no other cluster can take it: ${waitingDetail(explanation, refusals)}`.slice(0, 4_000);
}

/** The sentence for the person who asks why it waits. */
export function waitingDetail(explanation: PlacementExplanation, refusals: InstanceRecord['refusals']): string {
  const said = refusals.map(({ cluster, text }) => `cluster ${cluster} gave it back: ${text}`);
  return [explanation.summary, ...said].join('; ').slice(0, 4_000);
}
