import type { Assignment, CompleteAssignment, InstanceSpec, Position } from '@oak/contracts';

/** All that a receiver shall run, at a position in the sender's chain. */
export interface AssignmentSet extends Position {
  readonly instances: ReadonlyMap<string, InstanceSpec>;
}

export type Applied =
  | { readonly kind: 'applied'; readonly set: AssignmentSet; readonly changed: readonly string[] }
  /** Older than what is known: dropped. */
  | { readonly kind: 'stale' }
  /** A link of the chain is missing: ask for the complete set. */
  | { readonly kind: 'gap' };

/** The receiver's step. Pure: repeated, reordered and lost messages all end in `stale` or `gap`. */
export function applyAssignment(set: AssignmentSet | undefined, message: Assignment): Applied {
  if (set && (message.epoch < set.epoch || (message.epoch === set.epoch && message.revision < set.revision))) return { kind: 'stale' };
  if (message.kind === 'complete') return applyComplete(set, message);
  if (!set || message.epoch !== set.epoch) return { kind: 'gap' };
  if (message.revision === set.revision) return { kind: 'stale' };
  if (message.basedOn !== set.revision) return { kind: 'gap' };
  const instances = new Map(set.instances);
  for (const { id } of message.withdraw) instances.delete(id);
  for (const spec of message.assign) instances.set(spec.id, spec);
  const changed = [...message.withdraw, ...message.assign].map(({ id }) => id);
  return { kind: 'applied', set: { epoch: message.epoch, revision: message.revision, instances }, changed: [...new Set(changed)] };
}

function applyComplete(set: AssignmentSet | undefined, message: CompleteAssignment): Applied {
  const instances = new Map(message.instances.map((spec) => [spec.id, spec]));
  const changed = [...new Set([...instances.keys(), ...(set?.instances.keys() ?? [])])];
  return { kind: 'applied', set: { epoch: message.epoch, revision: message.revision, instances }, changed };
}

export function completeAssignment(set: AssignmentSet): CompleteAssignment {
  return { kind: 'complete', epoch: set.epoch, revision: set.revision, instances: [...set.instances.values()] };
}

/** The sender's step: the next set and the message that leads to it; undefined when nothing changes. */
export function nextAssignment(set: AssignmentSet, assign: readonly InstanceSpec[], withdraw: readonly string[]): { set: AssignmentSet; message: Assignment } | undefined {
  const gone = withdraw.filter((id) => set.instances.has(id));
  const news = assign.filter((spec) => set.instances.get(spec.id)?.attempt !== spec.attempt);
  if (gone.length === 0 && news.length === 0) return undefined;
  const message: Assignment = {
    kind: 'incremental', epoch: set.epoch, basedOn: set.revision, revision: set.revision + 1,
    assign: news, withdraw: gone.map((id) => ({ id })),
  };
  const applied = applyAssignment(set, message);
  return applied.kind === 'applied' ? { set: applied.set, message } : undefined;
}
