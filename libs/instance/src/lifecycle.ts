import type { InstanceStatus } from '@oak/contracts';

/** Who may make a move. A cluster acts for a node that it has declared lost, and root for a cluster that it has declared lost: what those say of the old attempt is dropped. */
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
const atNode: readonly InstanceStatus[] = ['CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED'];
/** A new attempt of what a cluster has may begin anywhere below root: who was not heard for a while has gone on. */
const again: readonly InstanceStatus[] = [...atNode, 'NODE_SCHEDULED', 'CLUSTER_SCHEDULED', ...refused];
const rootWaits: Row = { owner: 'root', rank: 0, next: ['REQUESTED', ...waiting, 'CLUSTER_SCHEDULED', 'UNDEPLOYED'], retry: [] };
/** It still is the cluster's, which goes on looking, until root has taken it back in a new attempt. */
const clusterLooks: Row = { owner: 'cluster', rank: 2, next: [...refused, 'NODE_SCHEDULED', ...atNode, 'UNDEPLOYED'], retry: ['REQUESTED', ...waiting, ...again] };

/** The life of an instance. One owner for each source state, no way back but by a new attempt, a way out of all but UNDEPLOYED. */
export const lifecycle: Readonly<Record<InstanceStatus, Row>> = {
  REQUESTED: rootWaits,
  TargetClusterNotFound: rootWaits,
  TargetClusterNotActive: rootWaits,
  TargetClusterNoCapacity: rootWaits,
  NoActiveClusterWithCapacity: rootWaits,
  CLUSTER_SCHEDULED: { ...clusterLooks, rank: 1 },
  NO_WORKER_CAPACITY: clusterLooks,
  NO_QUALIFIED_WORKER_FOUND: clusterLooks,
  NO_NODE_FOUND: clusterLooks,
  NODE_SCHEDULED: { owner: 'node', rank: 2, next: [...atNode, 'UNDEPLOYED'], retry: again },
  CREATING: { owner: 'node', rank: 3, next: ['CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: again },
  CREATED: { owner: 'node', rank: 4, next: ['RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: again },
  RUNNING: { owner: 'node', rank: 5, next: ['FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED'], retry: again },
  FAILED: { owner: 'node', rank: 6, next: ['UNDEPLOYED'], retry: again },
  DEAD: { owner: 'node', rank: 6, next: ['UNDEPLOYED'], retry: again },
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
  const allowed = (to.attempt === from.attempt ? row.next : row.retry).includes(to.status);
  return allowed ? { ok: true, changed: true } : { ok: false, reason: `no way from ${from.status} (attempt ${from.attempt}) to ${to.status} (attempt ${to.attempt})` };
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
