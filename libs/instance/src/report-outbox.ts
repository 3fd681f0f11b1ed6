import { parts } from '@oak/reconcile';

export interface Page { readonly at: number; readonly of: number }

export interface Outgoing<R> {
  readonly sequence: number;
  readonly kind: 'complete' | 'changed';
  readonly page?: Page;
  readonly instances: readonly R[];
}

export interface ReportOutboxOptions<R> {
  readonly send: (outgoing: Outgoing<R>) => void;
  readonly defer: (flush: () => void) => void;
  /** Of the reports of one message; what is larger leaves in several. Default: half of what a bus takes. */
  readonly maxBytes?: number;
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

  /** All there is, in pages if it is much. Changes that still wait leave with it: they may be newer than the reading of `all`. */
  complete(all: readonly R[]): void {
    const latest = [...new Map([...all.map((report) => [report.id, report] as const), ...this.#waiting]).values()];
    this.#waiting.clear();
    const pages = latest.length === 0 ? [[]] : parts(latest, this.#options.maxBytes);
    for (const [at, instances] of pages.entries()) {
      this.#options.send({ sequence: ++this.#sequence, kind: 'complete', ...(pages.length > 1 && { page: { at, of: pages.length } }), instances });
    }
  }

  /** Number of the last message; a heartbeat carries it, so that the receiver knows whether it heard all. */
  get sequence(): number {
    return this.#sequence;
  }

  #flush(): void {
    this.#marked = false;
    if (this.#waiting.size === 0) return;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const instances of parts(all, this.#options.maxBytes)) this.#options.send({ sequence: ++this.#sequence, kind: 'changed', instances });
  }
}

export type Heard = 'fresh' | 'stale' | 'gap';

interface Cursor {
  readonly epoch: number;
  readonly sequence: number;
  /** Nothing is missing. Once something is, only a complete report makes up for it, however much comes after. */
  readonly whole: boolean;
  /** Pages of a complete report: none was missed so far. */
  readonly pagesWhole: boolean;
}

interface Head { readonly epoch: number; readonly sequence: number; readonly kind: 'complete' | 'changed'; readonly page?: Page | undefined }

/** Receiver's side, per sender: drops what is older than what was heard, and notices what was lost until it has been made up for. */
export class ReportCursor {
  readonly #heard = new Map<string, Cursor>();

  /** `stale`: ignore it. `gap`: use it, then ask for everything, since something before it was lost. */
  accept(sender: string, head: Head): Heard {
    const { epoch, sequence } = head;
    const last = this.#heard.get(sender);
    if (last && (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence))) return 'stale';
    const next = advanced(last, head);
    this.#heard.set(sender, next);
    return head.kind === 'changed' && !next.whole ? 'gap' : 'fresh';
  }

  /** A sender that comes with an older epoch than it had has lost its memory: it begins anew. */
  registered(sender: string, epoch: number): void {
    const last = this.#heard.get(sender);
    if (last && last.epoch > epoch) this.#heard.delete(sender);
  }

  /** The sender says that `sequence` was its last: did we hear it, and all before it? */
  isBehind(sender: string, epoch: number, sequence: number): boolean {
    const last = this.#heard.get(sender);
    return !last || last.epoch < epoch || (last.epoch === epoch && (last.sequence < sequence || !last.whole));
  }
}

function advanced(last: Cursor | undefined, { epoch, sequence, kind, page = { at: 0, of: 1 } }: Head): Cursor {
  const follows = last?.epoch === epoch && sequence === last.sequence + 1;
  if (kind === 'changed') return { epoch, sequence, whole: follows && last.whole, pagesWhole: false };
  const pagesWhole = page.at === 0 || (follows && last.pagesWhole);
  return { epoch, sequence, pagesWhole, whole: pagesWhole && page.at === page.of - 1 };
}

/** Receiver's side of complete reports that come in pages: who lists what, once all pages of one report are there. */
export class Listing {
  readonly #open = new Map<string, { readonly first: string; readonly pages: Map<number, readonly string[]> }>();

  /** All that the sender has; undefined while a page is missing. */
  add(sender: string, { epoch, sequence, page = { at: 0, of: 1 } }: { epoch: number; sequence: number; page?: Page | undefined }, ids: readonly string[]): ReadonlySet<string> | undefined {
    const first = `${epoch}.${sequence - page.at}`;
    const known = this.#open.get(sender);
    const open = known?.first === first ? known : { first, pages: new Map<number, readonly string[]>() };
    open.pages.set(page.at, ids);
    this.#open.set(sender, open);
    if (open.pages.size < page.of) return undefined;
    this.#open.delete(sender);
    return new Set([...open.pages.values()].flat());
  }
}
