import type { Assignment, CompleteAssignment, InstanceSpec, Position } from '@oak/contracts';
import { completeAssignment, nextAssignment, type AssignmentSet } from './assignment-set.ts';

interface Page {
  set: AssignmentSet;
  readonly assign: Map<string, InstanceSpec>;
  readonly withdraw: Set<string>;
}

export interface AssignmentBookOptions {
  /** Of the sender; greater than that of any run before. */
  readonly epoch: number;
  readonly send: (receiver: string, message: Assignment) => void;
  /** Runs its argument soon, once for all changes of one turn: fifty assignments leave as one message. */
  readonly defer: (flush: () => void) => void;
}

/** Sender's side of assignments: what each receiver shall run. A cache: after a start it is loaded from the store, in a new epoch. */
export class AssignmentBook {
  readonly #pages = new Map<string, Page>();
  readonly #dirty = new Set<string>();
  readonly #options: AssignmentBookOptions;

  constructor(options: AssignmentBookOptions) {
    this.#options = options;
  }

  load(receiver: string, specs: readonly InstanceSpec[]): void {
    const instances = new Map(specs.map((spec) => [spec.id, spec]));
    this.#pages.set(receiver, { set: { epoch: this.#options.epoch, revision: 0, instances }, assign: new Map(), withdraw: new Set() });
  }

  assign(receiver: string, spec: InstanceSpec): void {
    const page = this.#page(receiver);
    page.withdraw.delete(spec.id);
    page.assign.set(spec.id, spec);
    this.#mark(receiver);
  }

  withdraw(receiver: string, id: string): void {
    const page = this.#page(receiver);
    page.assign.delete(id);
    page.withdraw.add(id);
    this.#mark(receiver);
  }

  /** Everything, changes that still wait included. */
  complete(receiver: string): CompleteAssignment {
    this.#advance(receiver);
    return completeAssignment(this.#page(receiver).set);
  }

  position(receiver: string): Position {
    const { epoch, revision } = this.#page(receiver).set;
    return { epoch, revision };
  }

  has(receiver: string, id: string): boolean {
    const page = this.#page(receiver);
    return !page.withdraw.has(id) && (page.assign.has(id) || page.set.instances.has(id));
  }

  /** True: `position` is not where this book stands, so the receiver needs the complete set. */
  differs(receiver: string, position: Position): boolean {
    const { set } = this.#page(receiver);
    return position.epoch !== set.epoch || position.revision !== set.revision;
  }

  #mark(receiver: string): void {
    if (this.#dirty.size === 0) this.#options.defer(() => { this.#flush(); });
    this.#dirty.add(receiver);
  }

  #flush(): void {
    const receivers = [...this.#dirty];
    this.#dirty.clear();
    for (const receiver of receivers) {
      const message = this.#advance(receiver);
      if (message) this.#options.send(receiver, message);
    }
  }

  #advance(receiver: string): Assignment | undefined {
    const page = this.#page(receiver);
    const next = nextAssignment(page.set, [...page.assign.values()], [...page.withdraw]);
    page.assign.clear();
    page.withdraw.clear();
    if (next) page.set = next.set;
    return next?.message;
  }

  #page(receiver: string): Page {
    if (!this.#pages.has(receiver)) this.load(receiver, []);
    return this.#pages.get(receiver)!;
  }
}
