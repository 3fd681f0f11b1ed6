import type { Assignment, CompleteAssignment, InstanceSpec, Position } from '@oak/contracts';
import { ChainedBook, type ChainedMessage } from '@oak/reconcile';

export interface AssignmentBookOptions {
  /** Of the sender; greater than that of any run before. */
  readonly epoch: number;
  readonly send: (receiver: string, message: Assignment) => void;
  /** Runs its argument soon, once for all changes of one turn: fifty assignments leave as one message. */
  readonly defer: (flush: () => void) => void;
  /** Of the instances of one message; what is larger leaves in pages. Default: half of what a bus takes. */
  readonly maxBytes?: number;
}

/** Sender's side of assignments: what each receiver shall run. A cache: after a start it is loaded from the store, in a new epoch. */
export class AssignmentBook {
  readonly #book: ChainedBook<InstanceSpec>;
  /** What each receiver shall run by now, also what has not left yet. */
  readonly #wanted = new Map<string, Map<string, number>>();

  constructor({ epoch, send, defer, maxBytes }: AssignmentBookOptions) {
    this.#book = new ChainedBook<InstanceSpec>({ epoch, defer, maxBytes, send: (receiver, message) => { send(receiver, assignmentOf(message)); } });
  }

  load(receiver: string, specs: readonly InstanceSpec[]): void {
    this.#wanted.set(receiver, new Map(specs.map(({ id, attempt }) => [id, attempt])));
    this.#book.load(receiver, specs);
  }

  /** The same attempt again is no change. */
  assign(receiver: string, spec: InstanceSpec): void {
    const wanted = this.#of(receiver);
    if (wanted.get(spec.id) === spec.attempt) return;
    wanted.set(spec.id, spec.attempt);
    this.#book.set(receiver, spec);
  }

  withdraw(receiver: string, id: string): void {
    if (this.#of(receiver).delete(id)) this.#book.remove(receiver, id);
  }

  /** It shall not run there, and the receiver shall say that it does not: also one that may never have had it, or was told before and has not answered. */
  revoke(receiver: string, id: string): void {
    this.#of(receiver).delete(id);
    this.#book.revoke(receiver, id);
  }

  /** Everything, changes that still wait included, in one page or more. */
  complete(receiver: string): [CompleteAssignment, ...CompleteAssignment[]] {
    const [first, ...rest] = this.#book.complete(receiver);
    return [completeOf(first), ...rest.map(completeOf)];
  }

  position(receiver: string): Position {
    return this.#book.position(receiver);
  }

  has(receiver: string, id: string): boolean {
    return this.#of(receiver).has(id);
  }

  /** True: `position` is not where this book stands, so the receiver needs the complete set. */
  differs(receiver: string, position: Position): boolean {
    return this.#book.differs(receiver, position);
  }

  #of(receiver: string): Map<string, number> {
    const known = this.#wanted.get(receiver);
    if (known) return known;
    const wanted = new Map<string, number>();
    this.#wanted.set(receiver, wanted);
    return wanted;
  }
}

function assignmentOf(message: ChainedMessage<InstanceSpec>): Assignment {
  if (message.kind === 'complete') return completeOf(message);
  const { kind, epoch, revision, basedOn, set, remove } = message;
  return { kind, epoch, revision, basedOn, assign: [...set], withdraw: remove.map((id) => ({ id })) };
}

function completeOf({ items, ...head }: Extract<ChainedMessage<InstanceSpec>, { kind: 'complete' }>): CompleteAssignment {
  return { ...head, instances: [...items] };
}
