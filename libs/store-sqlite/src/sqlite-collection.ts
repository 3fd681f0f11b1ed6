import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  ChangeFeed, checkId, checkLimit, CorruptDocument, isId, NotFound, resolveWhere, StaleRevision, StoreError, StoreUnavailable,
  type Change, type Collection, type CollectionDefinition, type Document, type Entry, type ListOptions, type Operation, type Scalar, type Where, type WriteResult,
} from '@oak/store';
import { asStoreError, translate } from './sqlite-error.ts';
import { tableOf, valueAt } from './table.ts';

type Row = { id: string; revision: number; body: string };
type Bindable = string | number | null;

/** SQLite is synchronous, so each method is one turn of the event loop: nobody in this process comes in between. */
export class SqliteCollection<T> implements Collection<T> {
  readonly name: string;
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #definition: CollectionDefinition<T>;
  readonly #feed: ChangeFeed<T>;
  readonly #statements = new Map<string, StatementSync>();
  readonly #sql: Readonly<Record<'get' | 'insert' | 'replace' | 'remove', string>>;

  constructor(file: string, database: DatabaseSync, definition: CollectionDefinition<T>, onListenerError: (error: unknown) => void) {
    this.name = definition.name;
    this.#file = file;
    this.#database = database;
    this.#definition = definition;
    this.#feed = new ChangeFeed(onListenerError);
    const table = tableOf(definition.name);
    this.#sql = {
      get: `SELECT id, revision, body FROM ${table} WHERE id = ?`,
      insert: `INSERT INTO ${table} (id, revision, body) VALUES (?, 1, ?)`,
      replace: `UPDATE ${table} SET revision = revision + 1, body = ? WHERE id = ? AND revision = ?`,
      remove: `DELETE FROM ${table} WHERE id = ? AND revision = ?`,
    };
  }

  get(id: string): Promise<Document<T> | undefined> {
    return this.#now(() => this.#read(id));
  }

  insert(id: string, body: T): Promise<Document<T>> {
    return this.#now(() => this.#commit(this.#put({ kind: 'insert', id, body })));
  }

  replace(id: string, revision: number, body: T): Promise<Document<T>> {
    return this.#now(() => this.#commit(this.#put({ kind: 'replace', id, revision, body })));
  }

  update(id: string, change: (body: T) => T | undefined): Promise<Document<T> | undefined> {
    return this.#now(() => {
      const found = this.#read(id);
      const body = found && change(found.body);
      if (!found || body === undefined) return found;
      return this.#commit(this.#put({ kind: 'replace', id, revision: found.revision, body }));
    });
  }

  remove(id: string, revision?: number): Promise<boolean> {
    return this.#now(() => {
      const removed = this.#drop(id, revision);
      if (removed) this.#commit(removed);
      return removed !== undefined;
    });
  }

  list(options: ListOptions = {}): Promise<Document<T>[]> {
    return this.#now(() => {
      checkLimit(this.name, options);
      const { conditions, values } = this.#filter(options.where, options.after);
      const sql = `SELECT id, revision, body FROM ${tableOf(this.name)}${conditions} ORDER BY id LIMIT ?`;
      return (this.#prepare(sql).all(...values, options.limit ?? -1) as Row[]).map((row) => this.#parse(row));
    });
  }

  count(where?: Where): Promise<number> {
    return this.#now(() => {
      const { conditions, values } = this.#filter(where);
      return Number(this.#prepare(`SELECT count(*) AS n FROM ${tableOf(this.name)}${conditions}`).get(...values)?.['n']);
    });
  }

  insertMany(entries: readonly Entry<T>[]): Promise<WriteResult<T>[]> {
    return this.writeAll(entries.map(({ id, body }) => ({ kind: 'insert', id, body })));
  }

  writeAll(operations: readonly Operation<T>[]): Promise<WriteResult<T>[]> {
    return this.#now(() => {
      const changes: Change<T>[] = [];
      const results = this.#transaction(() => operations.map((operation) => this.#attempt(operation, changes)));
      this.#feed.emit(...changes);
      return results;
    });
  }

  watch(listener: (change: Change<T>) => void): () => void {
    return this.#feed.watch(listener);
  }

  #now<R>(access: () => R): Promise<R> {
    return new Promise((resolve) => {
      if (!this.#database.isOpen) throw new StoreUnavailable('closed', `${this.#file}: the store is closed`);
      resolve(translate(this.#file, this.name, access));
    });
  }

  #transaction<R>(run: () => R): R {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #row(id: string): Row | undefined {
    return isId(id) ? (this.#prepare(this.#sql.get).get(id) as Row | undefined) : undefined;
  }

  #read(id: string): Document<T> | undefined {
    const row = this.#row(id);
    return row && this.#parse(row);
  }

  #parse({ id, revision, body }: Row): Document<T> {
    try {
      return { id, revision, body: this.#definition.parse(JSON.parse(body)) };
    } catch (error) {
      throw new CorruptDocument(this.name, id, error);
    }
  }

  #attempt(operation: Operation<T>, changes: Change<T>[]): WriteResult<T> {
    try {
      return this.#perform(operation, changes);
    } catch (error) {
      const known = asStoreError(this.#file, this.name, error);
      if (!(known instanceof StoreError) || known instanceof StoreUnavailable) throw known;
      return { ok: false, error: known };
    }
  }

  #perform(operation: Operation<T>, changes: Change<T>[]): WriteResult<T> {
    if (operation.kind !== 'remove') {
      const document = this.#put(operation);
      changes.push(document);
      return { ok: true, document };
    }
    const removed = this.#drop(operation.id, operation.revision);
    if (removed) changes.push(removed);
    return { ok: true, removed: removed !== undefined };
  }

  #put(operation: Exclude<Operation<T>, { kind: 'remove' }>): Document<T> {
    const { id, body } = operation;
    const text = JSON.stringify(body);
    if (operation.kind === 'insert') {
      checkId(this.name, id);
      this.#prepare(this.#sql.insert).run(id, text);
      return { id, revision: 1, body };
    }
    if (this.#prepare(this.#sql.replace).run(text, id, operation.revision).changes !== 1) throw this.#whyNot(id, operation.revision);
    return { id, revision: operation.revision + 1, body };
  }

  #whyNot(id: string, expected: number): StoreError {
    const row = this.#row(id);
    return row ? new StaleRevision(this.name, id, expected, row.revision) : new NotFound(this.name, id);
  }

  #drop(id: string, expected?: number): Change<T> | undefined {
    const row = this.#row(id);
    if (!row) return undefined;
    const revision = expected ?? row.revision;
    if (this.#prepare(this.#sql.remove).run(id, revision).changes !== 1) throw new StaleRevision(this.name, id, revision, row.revision);
    return { id, revision };
  }

  #commit<C extends Change<T>>(change: C): C {
    this.#feed.emit(change);
    return change;
  }

  #filter(where: Where | undefined, after?: string): { conditions: string; values: Bindable[] } {
    const { paths, equals } = where ? resolveWhere(this.#definition, where) : { paths: [], equals: [] };
    const conditions = [...paths.map((path) => `${valueAt(path)} IS ?`), ...(after === undefined ? [] : ['id > ?'])];
    return { conditions: conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '', values: [...equals.map(bindable), ...(after === undefined ? [] : [after])] };
  }
}

function bindable(value: Scalar): Bindable {
  return typeof value === 'boolean' ? Number(value) : value;
}
