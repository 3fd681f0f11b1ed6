import type { InstanceStatus } from '@oak/contracts';

/** Who may make a move. A cluster acts as `node` for a node that it has declared lost: from then on it drops what that node's old epoch says. */
export type Actor = 'root' | 'cluster' | 'node';

interface Row {
  readonly owner: Actor;
  /** How far along an attempt is; within one attempt it never shrinks. */
  readonly rank: number;
  /** In the same attempt. */
  readonly next: readonly InstanceStatus[];
  /** With a new attempt. */
  readonly retry: readonly InstanceStatus[];
}

const waiting: readonly InstanceStatus[] = ['TargetClusterNotFound', 'TargetClusterNotActive', 'TargetClusterNoCapacity', 'NoActiveClusterWithCapacity'];
const refused: readonly InstanceStatus[] = ['NO_WORKER_CAPACITY', 'NO_QUALIFIED_WORKER_FOUND', 'NO_NODE_FOUND'];
const rootWaits: Row = { owner: 'root', rank: 0, next: ['REQUESTED', ...waiting, 'CLUSTER_SCHEDULED', 'UNDEPLOYED'], retry: [] };
const handedBack: Row = { owner: 'root', rank: 2, next: ['UNDEPLOYED'], retry: ['REQUESTED', ...waiting, 'CLUSTER_SCHEDULED'] };

/** The life of an instance. One owner for each source state, no way back but by a new attempt, a way out of all but UNDEPLOYED. */
export const lifecycle: Readonly<Record<InstanceStatus, Row>> = {
  REQUESTED: rootWaits,
  TargetClusterNotFound: rootWaits,
  TargetClusterNotActive: rootWaits,
  TargetClusterNoCapacity: rootWaits,
  NoActiveClusterWithCapacity: rootWaits,
  CLUSTER_SCHEDULED: { owner: 'cluster', rank: 1, next: ['NODE_SCHEDULED', ...refused, 'UNDEPLOYED'], retry: [] },
  NO_WORKER_CAPACITY: handedBack,
  NO_QUALIFIED_WORKER_FOUND: handedBack,
  NO_NODE_FOUND: handedBack,
  NODE_SCHEDULED: { owner: 'node', rank: 2, next: ['CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: [] },
  CREATING: { owner: 'node', rank: 3, next: ['CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: [] },
  CREATED: { owner: 'node', rank: 4, next: ['RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: [] },
  RUNNING: { owner: 'node', rank: 5, next: ['FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: [] },
  FAILED: { owner: 'node', rank: 6, next: ['UNDEPLOYED'], retry: ['CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'NODE_SCHEDULED', 'CLUSTER_SCHEDULED', ...refused] },
  DEAD: { owner: 'node', rank: 6, next: ['UNDEPLOYED'], retry: ['CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'NODE_SCHEDULED', 'CLUSTER_SCHEDULED', ...refused] },
  COMPLETED: { owner: 'root', rank: 6, next: ['UNDEPLOYED'], retry: [] },
  UNDEPLOYED: { owner: 'root', rank: 7, next: [], retry: [] },
};

export interface Standing { readonly status: InstanceStatus; readonly attempt: number }
export type Move = { readonly ok: true; readonly changed: boolean } | { readonly ok: false; readonly reason: string };

/** The only judge of moves. Saying again what holds is fine; steps that a lossy bus swallowed may be skipped, never undone. */
export function move(from: Standing, to: Standing): Move {
  if (to.attempt === from.attempt && to.status === from.status) return { ok: true, changed: false };
  if (to.attempt < from.attempt) return { ok: false, reason: `attempt ${to.attempt} is over, the instance is at ${from.attempt}` };
  const row = lifecycle[from.status];
  const allowed = to.attempt === from.attempt ? row.next.includes(to.status) : isRetry(from.status, to.status);
  return allowed ? { ok: true, changed: true } : { ok: false, reason: `no way from ${from.status} (attempt ${from.attempt}) to ${to.status} (attempt ${to.attempt})` };
}

/** Reports of the end of an attempt may have been lost, so a newer attempt may follow anything that has run or was placed. */
function isRetry(from: InstanceStatus, to: InstanceStatus): boolean {
  if (lifecycle[from].retry.includes(to)) return true;
  const placed = lifecycle[from].owner === 'node' && from !== 'FAILED' && from !== 'DEAD';
  return placed && lifecycle.DEAD.retry.includes(to);
}

/** Nothing of ours will change it any more, but for removal. */
export function isFinal(status: InstanceStatus): boolean {
  return status === 'COMPLETED' || status === 'UNDEPLOYED';
}

/** Root still looks for a cluster. */
export function isWaiting(status: InstanceStatus): boolean {
  return status === 'REQUESTED' || waiting.includes(status);
}

/** A cluster could not place it. */
export function isRefused(status: InstanceStatus): boolean {
  return refused.includes(status);
}

/** A node has it: placed, starting, running, or between two attempts. */
export function isPlaced(status: InstanceStatus): boolean {
  return lifecycle[status].owner === 'node';
}
