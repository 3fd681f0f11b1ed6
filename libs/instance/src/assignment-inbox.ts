import type { Assignment, InstanceSpec, Position } from '@oak/contracts';
import { applyAssignment, type AssignmentSet } from './assignment-set.ts';

export interface AssignmentInboxOptions {
  /** Ids of everything that the receiver has, wanted or not. */
  readonly known: () => Promise<readonly string[]>;
  /** These shall run. Called again for what runs already. */
  readonly take: (specs: readonly InstanceSpec[]) => Promise<void>;
  /** These shall not. */
  readonly drop: (ids: readonly string[]) => Promise<void>;
  /** Called after `take` and `drop`: a crash before it takes the same message again. */
  readonly save: (position: Position) => void;
}

/** Receiver's side of assignments. One message after the other: the chain of revisions has an order. */
export class AssignmentInbox {
  readonly #options: AssignmentInboxOptions;
  #set: AssignmentSet | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AssignmentInboxOptions) {
    this.#options = options;
  }

  /** Goes on where the process before this one stood. */
  restore(position: Position | undefined, specs: readonly InstanceSpec[]): void {
    this.#set = position && { ...position, instances: new Map(specs.map((spec) => [spec.id, spec])) };
  }

  /** Undefined: never assigned anything. */
  get position(): Position | undefined {
    return this.#set && { epoch: this.#set.epoch, revision: this.#set.revision };
  }

  /** False: a link of the chain is missing, ask for everything. Stale messages are dropped. */
  accept(message: Assignment): Promise<boolean> {
    const turn = this.#turn.then(() => this.#apply(message));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #apply(message: Assignment): Promise<boolean> {
    const applied = applyAssignment(this.#set, message);
    if (applied.kind === 'gap') return false;
    if (applied.kind === 'stale') return true;
    const { epoch, revision, instances } = applied.set;
    const stored = message.kind === 'complete' ? await this.#options.known() : [];
    const changed = [...new Set([...applied.changed, ...stored])];
    await this.#options.take(changed.flatMap((id) => instances.get(id) ?? []));
    await this.#options.drop(changed.filter((id) => !instances.has(id)));
    this.#set = applied.set;
    this.#options.save({ epoch, revision });
    return true;
  }
}
