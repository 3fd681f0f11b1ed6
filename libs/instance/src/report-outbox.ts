export interface Outgoing<R> {
  readonly sequence: number;
  readonly kind: 'complete' | 'changed';
  readonly instances: readonly R[];
}

export interface ReportOutboxOptions<R> {
  readonly send: (outgoing: Outgoing<R>) => void;
  readonly defer: (flush: () => void) => void;
}

/** Reporter's side: the latest status of each instance wins, and all changes of one turn leave together. Not a queue. */
export class ReportOutbox<R extends { readonly id: string }> {
  readonly #waiting = new Map<string, R>();
  readonly #options: ReportOutboxOptions<R>;
  #sequence = 0;
  #marked = false;

  constructor(options: ReportOutboxOptions<R>) {
    this.#options = options;
  }

  changed(report: R): void {
    this.#waiting.set(report.id, report);
    if (this.#marked) return;
    this.#marked = true;
    this.#options.defer(() => { this.#flush(); });
  }

  /** All there is; changes that still wait are part of it. */
  complete(all: readonly R[]): void {
    this.#waiting.clear();
    this.#options.send({ sequence: ++this.#sequence, kind: 'complete', instances: all });
  }

  /** The number that the next message of any kind may use. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  #flush(): void {
    this.#marked = false;
    if (this.#waiting.size === 0) return;
    const instances = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#options.send({ sequence: ++this.#sequence, kind: 'changed', instances });
  }
}

/** Receiver's side: drops what is older than what was heard, per sender. */
export class ReportCursor {
  readonly #heard = new Map<string, { epoch: number; sequence: number }>();

  /** False: stale, ignore the message. Equal sequences are a repetition. */
  accept(sender: string, epoch: number, sequence: number): boolean {
    const last = this.#heard.get(sender);
    if (last && (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence))) return false;
    this.#heard.set(sender, { epoch, sequence });
    return true;
  }

  /** From now on only messages of `epoch` or newer count: fences a sender that was declared lost. */
  fence(sender: string, epoch: number): void {
    const last = this.#heard.get(sender);
    if (!last || last.epoch < epoch) this.#heard.set(sender, { epoch, sequence: -1 });
  }
}
