import type { Observed } from '@oak/runtime';
import type { InstanceRecord } from './instance-record.ts';

export type InstanceAction =
  /** Prepare, attach, start. */
  | { readonly kind: 'launch' }
  /** It runs and we did not say so. */
  | { readonly kind: 'adopt'; readonly observed: Observed }
  /** It ended: say how, and clear what is left. */
  | { readonly kind: 'conclude'; readonly observed: Observed }
  /** Half made, from a start that was interrupted: clear it, then launch. */
  | { readonly kind: 'clear' }
  | { readonly kind: 'stop' }
  /** Nothing of it is left to stop: remove what remains, then say that it is gone. */
  | { readonly kind: 'remove' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'rest' };

/** One instance, decided from what the cluster wants, what the runtime has, and the time. */
export function planInstance(record: InstanceRecord, observed: Observed | undefined, notBeforeMs: number, now: number): InstanceAction {
  const alive = observed?.phase === 'running' || observed?.phase === 'paused';
  if (record.desired === 'gone') return alive ? { kind: 'stop' } : { kind: 'remove' };
  if (record.report.status === 'COMPLETED') return observed ? { kind: 'clear' } : { kind: 'rest' };
  if (alive) return record.report.status === 'RUNNING' ? { kind: 'rest' } : { kind: 'adopt', observed };
  // Made, but never seen to run or end: a start that was cut off.
  if (observed?.phase === 'stopped' && observed.exit?.code === undefined && record.report.status !== 'RUNNING') return { kind: 'clear' };
  if (observed?.phase === 'stopped') return { kind: 'conclude', observed };
  if (observed) return { kind: 'clear' };
  return now < notBeforeMs ? { kind: 'wait', ms: notBeforeMs - now } : { kind: 'launch' };
}
