import type { Assignment, InstanceSpec, Position } from '@oak/contracts';
import { ChainedInbox, type ChainedMessage } from '@oak/reconcile';

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
  readonly #inbox = new ChainedInbox<InstanceSpec>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AssignmentInboxOptions) {
    this.#options = options;
  }

  /** Goes on where the process before this one stood. */
  restore(position: Position | undefined, specs: readonly InstanceSpec[]): void {
    this.#inbox.restore(position, specs);
  }

  /** Undefined: never assigned anything. */
  get position(): Position | undefined {
    return this.#inbox.position;
  }

  /** False: a link of the chain is missing, ask for everything. Stale messages are dropped, and a page waits for the others. */
  accept(message: Assignment): Promise<boolean> {
    const turn = this.#turn.then(() => this.#apply(message));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #apply(message: Assignment): Promise<boolean> {
    const outcome = this.#inbox.accept(chainedOf(message));
    if (outcome.kind !== 'applied') return outcome.kind !== 'gap';
    try {
      await this.#act(message.kind === 'complete' ? [...outcome.changed, ...this.#inbox.items.keys(), ...await this.#options.known()] : idsOf(message));
    } catch (error) {
      // Half done is not done: the next message finds a gap, and everything comes again.
      this.#inbox.restore(undefined, [...this.#inbox.items.values()]);
      throw error;
    }
    if (this.#inbox.position) this.#options.save(this.#inbox.position);
    return true;
  }

  async #act(ids: readonly string[]): Promise<void> {
    const changed = [...new Set(ids)];
    const { items } = this.#inbox;
    await this.#options.take(changed.flatMap((id) => items.get(id) ?? []));
    await this.#options.drop(changed.filter((id) => !items.has(id)));
  }
}

/** Also what looks the same as before: it was said again because somebody wants it looked at. */
function idsOf({ assign, withdraw }: Extract<Assignment, { kind: 'incremental' }>): string[] {
  return [...withdraw, ...assign].map(({ id }) => id);
}

function chainedOf(message: Assignment): ChainedMessage<InstanceSpec> {
  if (message.kind === 'complete') {
    const { instances, ...head } = message;
    return { ...head, items: instances };
  }
  const { kind, epoch, revision, basedOn, assign, withdraw } = message;
  return { kind, epoch, revision, basedOn, set: assign, remove: withdraw.map(({ id }) => id) };
}
