import { isPlaced } from '@oak/instance';
import type { NodeRecord } from '../nodes/node-record.ts';
import type { InstanceRecord } from './instance-record.ts';

export type InstanceAction =
  /** Choose a node; `attempt` is the one that starts there. */
  | { readonly kind: 'place'; readonly attempt: number; readonly because: string }
  /** Its node shall have it in its assignment. */
  | { readonly kind: 'assign'; readonly node: string }
  /** Its node shall stop it; the record stays until the node says that it is gone. */
  | { readonly kind: 'withdraw'; readonly node: string }
  /** Nobody has it any more. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'rest' };

/** One instance, decided from what is known. `nodeState` is that of its node; undefined: it has none, or that node is not known here. */
export function planInstance(record: InstanceRecord, nodeState: NodeRecord['state'] | undefined): InstanceAction {
  const { node, report } = record;
  if (record.desired === 'gone') return node !== undefined && nodeState !== undefined && nodeState !== 'lost' ? { kind: 'withdraw', node } : { kind: 'forget' };
  if (report.status === 'COMPLETED') return { kind: 'rest' };
  if (node === undefined || !isPlaced(report.status)) return { kind: 'place', attempt: report.attempt, because: 'requested' };
  if (nodeState === undefined || nodeState === 'lost') return { kind: 'place', attempt: report.attempt + 1, because: `node ${node} is lost` };
  return { kind: 'assign', node };
}
