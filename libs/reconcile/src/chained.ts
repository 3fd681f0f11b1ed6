/** Where a receiver stands in a sender's chain of revisions. `epoch` grows with each start of the sender. */
export interface ChainedPosition {
  readonly epoch: number;
  readonly revision: number;
}

const defaultMaxBytes = 512 * 1024;

/** Which part of a complete set this is, from 0, and how many parts there are. */
export interface ChainedPage { readonly at: number; readonly of: number }

/** A keyed set on its way: everything, or the step from `basedOn`. `set` replaces the item of that id. A set too large for one message comes in pages. */
export type ChainedMessage<T> =
  | { readonly kind: 'complete'; readonly epoch: number; readonly revision: number; readonly items: readonly T[]; readonly page?: ChainedPage | undefined }
  | { readonly kind: 'incremental'; readonly epoch: number; readonly revision: number; readonly basedOn: number; readonly set: readonly T[]; readonly remove: readonly string[] };

export type ChainedOutcome =
  /** Ids that came, changed or went. */
  | { readonly kind: 'applied'; readonly changed: ReadonlySet<string> }
  /** Older than what is known: dropped. */
  | { readonly kind: 'stale' }
  /** A link of the chain is missing: ask for the complete set. */
  | { readonly kind: 'gap' }
  /** A page of a complete set; nothing changes until the last one is here. */
  | { readonly kind: 'waiting' };

export interface Keyed { readonly id: string }

/** Receiver's side of a chained set. Repeated, reordered and lost messages all end in `stale` or `gap`. */
export class ChainedInbox<T extends Keyed> {
  readonly #items = new Map<string, T>();
  #position: ChainedPosition | undefined;
  #pages: { readonly position: ChainedPosition; readonly of: number; readonly had: Map<number, readonly T[]> } | undefined;

  /** Goes on where the process before this one stood. */
  restore(position: ChainedPosition | undefined, items: readonly T[]): void {
    this.#items.clear();
    for (const item of items) this.#items.set(item.id, item);
    this.#position = position;
  }

  /** Undefined: never heard anything. */
  get position(): ChainedPosition | undefined {
    return this.#position;
  }

  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  accept(message: ChainedMessage<T>): ChainedOutcome {
    const verdict = judge(this.#position, message);
    if (verdict) return verdict;
    const items = message.kind === 'complete' ? this.#collect(message) : [];
    if (!items) return { kind: 'waiting' };
    const changed = message.kind === 'complete' ? this.#replace(items) : this.#change(message.set, message.remove);
    this.#pages = undefined;
    this.#position = { epoch: message.epoch, revision: message.revision };
    return { kind: 'applied', changed };
  }

  /** All items, once every page of this revision has come. */
  #collect({ epoch, revision, items, page = { at: 0, of: 1 } }: Extract<ChainedMessage<T>, { kind: 'complete' }>): readonly T[] | undefined {
    const known = this.#pages;
    const pages = known?.of === page.of && known.position.epoch === epoch && known.position.revision === revision ? known : { position: { epoch, revision }, of: page.of, had: new Map<number, readonly T[]>() };
    pages.had.set(page.at, items);
    this.#pages = pages;
    return pages.had.size === page.of ? [...pages.had.values()].flat() : undefined;
  }

  #replace(items: readonly T[]): Set<string> {
    const wanted = new Map(items.map((item) => [item.id, item]));
    return this.#change([...wanted.values()], [...this.#items.keys()].filter((id) => !wanted.has(id)));
  }

  #change(set: readonly T[], remove: readonly string[]): Set<string> {
    const changed = new Set<string>();
    for (const id of remove) if (this.#items.delete(id)) changed.add(id);
    for (const item of set) {
      if (!same(this.#items.get(item.id), item)) changed.add(item.id);
      this.#items.set(item.id, item);
    }
    return changed;
  }
}

function judge(at: ChainedPosition | undefined, message: ChainedMessage<unknown>): ChainedOutcome | undefined {
  const { kind, epoch, revision } = message;
  if (at && (epoch < at.epoch || (epoch === at.epoch && revision < at.revision))) return { kind: 'stale' };
  if (kind === 'complete') return undefined;
  if (at?.epoch !== epoch) return { kind: 'gap' };
  if (revision === at.revision) return { kind: 'stale' };
  return message.basedOn === at.revision ? undefined : { kind: 'gap' };
}

interface Page<T> {
  readonly items: Map<string, T>;
  readonly set: Map<string, T>;
  readonly remove: Set<string>;
  readonly revoke: Set<string>;
  revision: number;
}

export interface ChainedBookOptions<T> {
  /** Of the sender; greater than that of any run before. */
  readonly epoch: number;
  readonly send: (receiver: string, message: ChainedMessage<T>) => void;
  /** What `send` throws for one receiver is no other's matter; it gets everything when it says where it stands. Default: it is thrown on. */
  readonly onError?: ((receiver: string, error: unknown) => void) | undefined;
  /** Runs its argument soon, once for all changes of one turn. */
  readonly defer: (flush: () => void) => void;
  /** Of the items of one message, as JSON; what is larger leaves as pages of the complete set. Default 512 KiB, half of what a bus takes. */
  readonly maxBytes?: number | undefined;
}

type Complete<T> = Extract<ChainedMessage<T>, { kind: 'complete' }>;

/** Sender's side of chained sets, one page for each receiver. Changes of one turn leave together; what did not change does not leave. */
export class ChainedBook<T extends Keyed> {
  readonly #pages = new Map<string, Page<T>>();
  readonly #dirty = new Set<string>();
  readonly #options: ChainedBookOptions<T>;

  constructor(options: ChainedBookOptions<T>) {
    this.#options = options;
  }

  /** What the receiver is known to hold at revision 0 of this epoch, e.g. from a store. */
  load(receiver: string, items: readonly T[]): void {
    this.#pages.set(receiver, { items: new Map(items.map((item) => [item.id, item])), set: new Map(), remove: new Set(), revoke: new Set(), revision: 0 });
  }

  set(receiver: string, item: T): void {
    const page = this.#page(receiver);
    page.remove.delete(item.id);
    page.revoke.delete(item.id);
    page.set.set(item.id, item);
    this.#mark(receiver);
  }

  remove(receiver: string, id: string): void {
    const page = this.#page(receiver);
    page.set.delete(id);
    page.remove.add(id);
    this.#mark(receiver);
  }

  /** Says that it is gone, also when the receiver may never have had it or was told before: it may be asked to confirm. */
  revoke(receiver: string, id: string): void {
    this.#page(receiver).revoke.add(id);
    this.remove(receiver, id);
  }

  /** These and no others. */
  replace(receiver: string, items: readonly T[]): void {
    const wanted = new Set(items.map(({ id }) => id));
    const page = this.#page(receiver);
    for (const id of [...page.items.keys(), ...page.set.keys()]) if (!wanted.has(id)) this.remove(receiver, id);
    for (const item of items) this.set(receiver, item);
  }

  /** Everything, changes that still wait included, in one page or more. */
  complete(receiver: string): readonly [Complete<T>, ...Complete<T>[]] {
    this.#advance(receiver);
    const { items, revision } = this.#page(receiver);
    const [first = [], ...rest] = parts([...items.values()], this.#options.maxBytes);
    const head = { kind: 'complete' as const, epoch: this.#options.epoch, revision };
    if (rest.length === 0) return [{ ...head, items: first }];
    const of = rest.length + 1;
    return [{ ...head, items: first, page: { at: 0, of } }, ...rest.map((part, at) => ({ ...head, items: part, page: { at: at + 1, of } }))];
  }

  position(receiver: string): ChainedPosition {
    return { epoch: this.#options.epoch, revision: this.#page(receiver).revision };
  }

  /** True: `position` is not where this book stands, so the receiver needs the complete set. */
  differs(receiver: string, position: ChainedPosition | undefined): boolean {
    const at = this.position(receiver);
    return position?.epoch !== at.epoch || position.revision !== at.revision;
  }

  #mark(receiver: string): void {
    const first = this.#dirty.size === 0;
    this.#dirty.add(receiver);
    if (first) this.#options.defer(() => { this.#flush(); });
  }

  #flush(): void {
    const receivers = [...this.#dirty];
    this.#dirty.clear();
    for (const receiver of receivers) {
      const message = this.#advance(receiver);
      if (message) this.#send(receiver, this.#fits(message) ? [message] : this.complete(receiver));
    }
  }

  #send(receiver: string, messages: readonly ChainedMessage<T>[]): void {
    const { send, onError } = this.#options;
    try {
      for (const message of messages) send(receiver, message);
    } catch (error) {
      if (!onError) throw error;
      onError(receiver, error);
    }
  }

  #fits(message: ChainedMessage<T>): boolean {
    return message.kind === 'complete' || parts([...message.set, ...message.remove], this.#options.maxBytes).length <= 1;
  }

  #advance(receiver: string): ChainedMessage<T> | undefined {
    const page = this.#page(receiver);
    const set = [...page.set.values()].filter((item) => !same(page.items.get(item.id), item));
    const remove = [...page.remove].filter((id) => page.items.has(id) || page.revoke.has(id));
    page.set.clear();
    page.remove.clear();
    page.revoke.clear();
    if (set.length + remove.length === 0) return undefined;
    for (const id of remove) page.items.delete(id);
    for (const item of set) page.items.set(item.id, item);
    page.revision += 1;
    return { kind: 'incremental', epoch: this.#options.epoch, basedOn: page.revision - 1, revision: page.revision, set, remove };
  }

  #page(receiver: string): Page<T> {
    const known = this.#pages.get(receiver);
    if (known) return known;
    const page: Page<T> = { items: new Map(), set: new Map(), remove: new Set(), revoke: new Set(), revision: 0 };
    this.#pages.set(receiver, page);
    return page;
  }
}

/** Cuts items so that no part is larger as JSON than `maxBytes`, but for a single item that is. Default 512 KiB, half of what a bus takes. */
export function parts<T>(items: readonly T[], maxBytes: number = defaultMaxBytes): T[][] {
  const all: T[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > room || all.length === 0) { all.push([]); room = maxBytes; }
    all.at(-1)?.push(item);
    room -= bytes;
  }
  return all;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
