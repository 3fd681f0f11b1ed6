import { ChangeFeed } from '../change-feed.ts';
import { checkId, checkLimit, resolveWhere } from '../check.ts';
import type { Collection, CollectionDefinition, Entry, IndexDefinition, ListOptions, Operation, Scalar, Where, WriteResult } from '../collection.ts';
import type { Change, Document } from '../document.ts';
import { CorruptDocument, NotFound, StaleRevision, StoreError, UniqueViolation } from '../store-error.ts';

/** As on a disk: bodies are text, so nobody shares an object with the store. */
export interface Row { readonly revision: number; readonly text: string }

export class MemoryCollection<T> implements Collection<T> {
  readonly name: string;
  readonly #definition: CollectionDefinition<T>;
  readonly #rows: Map<string, Row>;
  readonly #checkOpen: () => void;
  readonly #feed: ChangeFeed<T>;
  readonly #owners = new Map<string, string>();

  constructor(definition: CollectionDefinition<T>, rows: Map<string, Row>, checkOpen: () => void, onListenerError: (error: unknown) => void) {
    this.name = definition.name;
    this.#definition = definition;
    this.#rows = rows;
    this.#checkOpen = checkOpen;
    this.#feed = new ChangeFeed(onListenerError);
    for (const [id, row] of rows) this.#claim(id, row.text);
  }

  get(id: string): Promise<Document<T> | undefined> {
    return this.#now(() => this.#read(id));
  }

  insert(id: string, body: T): Promise<Document<T>> {
    return this.#now(() => this.#commit([this.#write({ kind: 'insert', id, body })]) as Document<T>);
  }

  replace(id: string, revision: number, body: T): Promise<Document<T>> {
    return this.#now(() => this.#commit([this.#write({ kind: 'replace', id, revision, body })]) as Document<T>);
  }

  update(id: string, change: (body: T) => T | undefined): Promise<Document<T> | undefined> {
    return this.#now(() => {
      const found = this.#read(id);
      const body = found && change(found.body);
      if (!found || body === undefined) return found;
      return this.#commit([this.#write({ kind: 'replace', id, revision: found.revision, body })]) as Document<T>;
    });
  }

  remove(id: string, revision?: number): Promise<boolean> {
    return this.#now(() => {
      const removed = this.#write({ kind: 'remove', id, ...(revision === undefined ? {} : { revision }) });
      if (removed) this.#commit([removed]);
      return removed !== undefined;
    });
  }

  list(options: ListOptions = {}): Promise<Document<T>[]> {
    return this.#now(() => {
      checkLimit(this.name, options);
      const ids = this.#matching(options.where).filter((id) => options.after === undefined || byCodePoint(id, options.after) > 0);
      return ids.sort(byCodePoint).slice(0, options.limit).map((id) => this.#read(id)).filter((found) => found !== undefined);
    });
  }

  count(where?: Where): Promise<number> {
    return this.#now(() => this.#matching(where).length);
  }

  insertMany(entries: readonly Entry<T>[]): Promise<WriteResult<T>[]> {
    return this.writeAll(entries.map(({ id, body }) => ({ kind: 'insert', id, body })));
  }

  writeAll(operations: readonly Operation<T>[]): Promise<WriteResult<T>[]> {
    return this.#now(() => {
      const changes: Change<T>[] = [];
      const results = operations.map((operation) => this.#attempt(operation, changes));
      this.#commit(changes);
      return results;
    });
  }

  watch(listener: (change: Change<T>) => void): () => void {
    return this.#feed.watch(listener);
  }

  #now<R>(run: () => R): Promise<R> {
    return new Promise((resolve) => {
      this.#checkOpen();
      resolve(run());
    });
  }

  #read(id: string): Document<T> | undefined {
    const row = this.#rows.get(id);
    if (!row) return undefined;
    try {
      return { id, revision: row.revision, body: this.#definition.parse(JSON.parse(row.text)) };
    } catch (error) {
      throw new CorruptDocument(this.name, id, error);
    }
  }

  #attempt(operation: Operation<T>, changes: Change<T>[]): WriteResult<T> {
    try {
      const change = this.#write(operation);
      if (change) changes.push(change);
      return operation.kind === 'remove' ? { ok: true, removed: change !== undefined } : { ok: true, document: change as Document<T> };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { ok: false, error };
    }
  }

  /** Undefined: a removal that found nothing. */
  #write(operation: Operation<T>): Change<T> | undefined {
    const { id, kind } = operation;
    if (kind === 'insert') checkId(this.name, id);
    const row = this.#rows.get(id);
    if (kind === 'insert' && row) throw new UniqueViolation(this.name, 'id');
    if (kind === 'replace' && !row) throw new NotFound(this.name, id);
    if (kind !== 'insert' && row && operation.revision !== undefined && operation.revision !== row.revision) throw new StaleRevision(this.name, id, operation.revision, row.revision);
    return kind === 'remove' ? this.#drop(id, row) : this.#put(id, row, operation.body);
  }

  #drop(id: string, row: Row | undefined): Change<T> | undefined {
    if (!row) return undefined;
    this.#rows.delete(id);
    this.#release(id, row.text);
    return { id, revision: row.revision };
  }

  #put(id: string, row: Row | undefined, body: T): Document<T> {
    const next = { revision: (row?.revision ?? 0) + 1, text: JSON.stringify(body) };
    this.#checkUnique(id, next.text);
    if (row) this.#release(id, row.text);
    this.#claim(id, next.text);
    this.#rows.set(id, next);
    return { id, revision: next.revision, body };
  }

  #commit(changes: readonly (Change<T> | undefined)[]): Change<T> | undefined {
    const committed = changes.filter((change) => change !== undefined);
    this.#feed.emit(...committed);
    return committed[0];
  }

  #checkUnique(id: string, text: string): void {
    for (const [index, key] of this.#keys(text)) {
      const owner = this.#owners.get(key);
      if (owner !== undefined && owner !== id) throw new UniqueViolation(this.name, index.name);
    }
  }

  #claim(id: string, text: string): void {
    for (const [, key] of this.#keys(text)) this.#owners.set(key, id);
  }

  #release(id: string, text: string): void {
    for (const [, key] of this.#keys(text)) if (this.#owners.get(key) === id) this.#owners.delete(key);
  }

  /** The unique values that a body holds, each as one text. */
  #keys(text: string): [IndexDefinition, string][] {
    const body: unknown = JSON.parse(text);
    return (this.#definition.indexes ?? []).filter(({ unique }) => unique).flatMap((index): [IndexDefinition, string][] => {
      const values = index.paths.map((path) => valueAt(body, path));
      return values.includes(null) ? [] : [[index, JSON.stringify([index.name, ...values])]];
    });
  }

  #matching(where: Where | undefined): string[] {
    const ids = [...this.#rows.keys()];
    if (!where) return ids;
    const { paths, equals } = resolveWhere(this.#definition, where);
    return ids.filter((id) => {
      const body: unknown = JSON.parse(this.#rows.get(id)?.text ?? 'null');
      return paths.every((path, nth) => valueAt(body, path) === equals[nth]);
    });
  }
}

function valueAt(body: unknown, path: string): Scalar {
  let value = body;
  for (const field of path.split('.')) value = typeof value === 'object' && value !== null && Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : null;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Scalar);
}

function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
