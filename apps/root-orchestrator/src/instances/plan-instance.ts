import type { PlacementExplanation } from '@oak/contracts';
import { isWaiting } from '@oak/instance';
import type { Decision } from '@oak/scheduling';
import type { InstanceRecord } from './instance-record.ts';

export type WaitingStatus = 'TargetClusterNotFound' | 'TargetClusterNotActive' | 'TargetClusterNoCapacity' | 'NoActiveClusterWithCapacity';

export type InstanceAction =
  | { readonly kind: 'place' }
  /** Its cluster shall have it in its assignment. */
  | { readonly kind: 'assign'; readonly cluster: string }
  /** Its cluster shall drop it; the record stays until the cluster says that it is gone. */
  | { readonly kind: 'withdraw'; readonly cluster: string }
  | { readonly kind: 'forget' }
  | { readonly kind: 'rest' };

/** One instance, decided from what is known. */
export function planInstance(record: InstanceRecord): InstanceAction {
  if (record.desired === 'gone') return record.cluster === undefined ? { kind: 'forget' } : { kind: 'withdraw', cluster: record.cluster };
  if (record.cluster !== undefined) return { kind: 'assign', cluster: record.cluster };
  return isWaiting(record.status) ? { kind: 'place' } : { kind: 'rest' };
}

/** What Oakestra calls the reason why nobody takes it. `pinned`: the clusters that the descriptor names, if it names any. */
export function waitingStatus({ explanation }: Decision, pinned: readonly string[] | undefined, known: (name: string) => { active: boolean } | undefined): WaitingStatus {
  if (!pinned) return 'NoActiveClusterWithCapacity';
  const targets = pinned.map(known).filter((target) => target !== undefined);
  if (targets.length === 0) return 'TargetClusterNotFound';
  if (!targets.some((target) => target.active)) return 'TargetClusterNotActive';
  return explanation.evaluated > 0 ? 'TargetClusterNoCapacity' : 'TargetClusterNotFound';
}

/** The sentence for the person who asks why it waits. */
export function waitingDetail(explanation: PlacementExplanation, refusals: InstanceRecord['refusals']): string {
  const said = refusals.map(({ cluster, text }) => `cluster ${cluster} gave it back: ${text}`);
  return [explanation.summary, ...said].join('; ').slice(0, 4_000);
}
