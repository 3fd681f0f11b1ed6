import type { PlacementExplanation } from '@oak/contracts';
import type { AssignmentBook } from '@oak/instance';
import type { Result } from '@oak/reconcile';
import type { NodeRegistry } from '../nodes/node-registry.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Instances } from './instances.ts';
import { planInstance } from './plan-instance.ts';

export interface InstanceReconcilerOptions {
  readonly instances: Instances;
  readonly nodes: NodeRegistry;
  readonly book: AssignmentBook;
  /** Gives it back to root. False: root could not be asked, so it stays ours. */
  readonly handBack: (record: InstanceRecord, signal: AbortSignal) => Promise<boolean>;
  /** How long an instance that nobody takes waits before root is asked again; a change of any node comes first. */
  readonly retryMs: number;
}

const done: Result = { kind: 'done' };

/** Thin: reads, asks the plan, does the one thing. */
export class InstanceReconciler {
  readonly #options: InstanceReconcilerOptions;

  constructor(options: InstanceReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(id: string, signal: AbortSignal): Promise<Result> {
    const { instances, nodes, book } = this.#options;
    const record = await instances.get(id);
    if (!record) return done;
    const action = planInstance(record, record.node === undefined ? undefined : nodes.get(record.node)?.state);
    switch (action.kind) {
      case 'place': return this.#place(record, action.attempt, action.because, signal);
      case 'assign': book.assign(action.node, { ...record.spec, attempt: assignedAttempt(record) }); return done;
      case 'withdraw': book.revoke(action.node, id); return done;
      case 'forget': await instances.forget(id); return done;
      case 'rest': return done;
    }
  }

  async #place(record: InstanceRecord, attempt: number, because: string, signal: AbortSignal): Promise<Result> {
    const { instances, nodes, book } = this.#options;
    const { id } = record.spec;
    if (record.node) { nodes.release(record.node, id); book.withdraw(record.node, id); }
    const { chosen, explanation } = nodes.place(record.spec);
    if (chosen === undefined) return this.#refuse(record, attempt, explanation, because, signal);
    // Reserved before the first await, so that no other placement of this turn takes the same room.
    nodes.reserve(chosen, record.spec);
    const placed = await instances.placed(id, attempt, chosen, nodes.get(chosen)?.description.address, { explanation }, because === 'requested' ? `placed on node ${chosen}` : `${because}, placed on node ${chosen}`)
      .catch((error: unknown) => { nodes.release(chosen, id); throw error; });
    if (placed) book.assign(chosen, { ...record.spec, attempt });
    else nodes.release(chosen, id);
    return done;
  }

  async #refuse(record: InstanceRecord, attempt: number, explanation: PlacementExplanation, because: string, signal: AbortSignal): Promise<Result> {
    const { instances } = this.#options;
    const detail = because === 'requested' ? explanation.summary : `${because}; ${explanation.summary}`;
    await instances.refused(record.spec.id, attempt, refusalOf(explanation), { explanation }, detail);
    const refused = await instances.get(record.spec.id);
    if (refused && await this.#options.handBack(refused, signal)) return done;
    return { kind: 'again', afterMs: this.#options.retryMs };
  }
}

/** Once a node runs it, restarts are the node's: the assignment keeps the attempt with which the node got it. */
function assignedAttempt(record: InstanceRecord): number {
  return record.report.attempt - record.report.restarts;
}

export function refusalOf({ evaluated, exhausted }: PlacementExplanation): 'NO_NODE_FOUND' | 'NO_WORKER_CAPACITY' | 'NO_QUALIFIED_WORKER_FOUND' {
  if (evaluated === 0) return 'NO_NODE_FOUND';
  return exhausted.length > 0 ? 'NO_WORKER_CAPACITY' : 'NO_QUALIFIED_WORKER_FOUND';
}
