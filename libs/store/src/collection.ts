import type { Change, Document } from './document.ts';
import type { StoreError } from './store-error.ts';

/** What an index can compare. A missing path counts as null. */
export type Scalar = string | number | boolean | null;

/** `paths`: dotted paths into the body, e.g. `owner.id`. A unique index leaves documents alone in which any of its paths is null or missing. */
export interface IndexDefinition {
  readonly name: string;
  readonly paths: readonly string[];
  readonly unique?: boolean;
}

/** `parse` re-validates every row that is read and throws when it has drifted (a zod schema's `parse` fits). */
export interface CollectionDefinition<T> {
  readonly name: string;
  readonly parse: (input: unknown) => T;
  readonly indexes?: readonly IndexDefinition[];
}

/** Documents whose values at the index's paths equal `equals`, in the same order. Fewer values than paths match a prefix. */
export interface Where {
  readonly index: string;
  readonly equals: readonly Scalar[];
}

/** Always in the order of ids (Unicode code points). `after`: the last id of the page before. `limit`: at most so many; default all. */
export interface ListOptions {
  readonly where?: Where;
  readonly after?: string;
  readonly limit?: number;
  readonly order?: 'id';
}

export interface Entry<T> {
  readonly id: string;
  readonly body: T;
}

export type Operation<T> =
  | ({ readonly kind: 'insert' } & Entry<T>)
  | ({ readonly kind: 'replace'; readonly revision: number } & Entry<T>)
  | { readonly kind: 'remove'; readonly id: string; readonly revision?: number };

/** The outcome of one operation. `document` is the one written; absent for a removal, whose `removed` says whether there was one. */
export type WriteResult<T> =
  | { readonly ok: true; readonly document: Document<T> }
  | { readonly ok: true; readonly removed: boolean }
  | { readonly ok: false; readonly error: StoreError };

/**
 * Documents of one kind. Bodies are plain JSON: what JSON drops (undefined fields) is gone after the write.
 * Every method throws `StoreUnavailable` when the storage cannot serve; reads throw `CorruptDocument`.
 */
export interface Collection<T> {
  readonly name: string;
  get(id: string): Promise<Document<T> | undefined>;
  /** @throws UniqueViolation, also for a taken id */
  insert(id: string, body: T): Promise<Document<T>>;
  /** Compare-and-set. @throws StaleRevision, NotFound, UniqueViolation */
  replace(id: string, revision: number, body: T): Promise<Document<T>>;
  /** Reads, asks `change` for the next body and writes it, again if another writer was faster: `change` must be pure. It returns undefined for "leave it". The result is undefined if there is no such document. */
  update(id: string, change: (body: T) => T | undefined): Promise<Document<T> | undefined>;
  /** False if there was none. @throws StaleRevision when `revision` is given and no longer true */
  remove(id: string, revision?: number): Promise<boolean>;
  list(options?: ListOptions): Promise<Document<T>[]>;
  count(where?: Where): Promise<number>;
  /** As `writeAll` with inserts only. */
  insertMany(entries: readonly Entry<T>[]): Promise<WriteResult<T>[]>;
  /** In order, in one commit where the adapter can. Each operation succeeds or fails alone; a failed one does not stop the others. */
  writeAll(operations: readonly Operation<T>[]): Promise<WriteResult<T>[]>;
  /** Calls `listener` after each commit of this store, in the order of the commits. What it throws never reaches the writer. Returns the undo. */
  watch(listener: (change: Change<T>) => void): () => void;
}
