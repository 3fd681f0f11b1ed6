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

  /** Number of the last message; a heartbeat carries it, so that the receiver knows whether it heard all. */
  get sequence(): number {
    return this.#sequence;
  }

  #flush(): void {
    this.#marked = false;
    if (this.#waiting.size === 0) return;
    const instances = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#options.send({ sequence: ++this.#sequence, kind: 'changed', instances });
  }
}

export type Heard = 'fresh' | 'stale' | 'gap';

/** Receiver's side, per sender: drops what is older than what was heard, and notices what was lost. */
export class ReportCursor {
  readonly #heard = new Map<string, { epoch: number; sequence: number }>();

  /** `stale`: ignore it. `gap`: use it, then ask for everything, since something before it was lost. */
  accept(sender: string, { epoch, sequence, kind }: { epoch: number; sequence: number; kind: 'complete' | 'changed' }): Heard {
    const last = this.#heard.get(sender);
    if (last && (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence))) return 'stale';
    const gap = kind === 'changed' && (last?.epoch !== epoch || sequence !== last.sequence + 1);
    this.#heard.set(sender, { epoch, sequence });
    return gap ? 'gap' : 'fresh';
  }

  /** The sender says that `sequence` was its last: did we hear it? */
  isBehind(sender: string, epoch: number, sequence: number): boolean {
    const last = this.#heard.get(sender);
    return !last || last.epoch < epoch || (last.epoch === epoch && last.sequence < sequence);
  }
}
