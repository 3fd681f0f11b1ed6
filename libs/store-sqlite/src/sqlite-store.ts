import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkDefinition, InvalidArgument, StoreUnavailable, type Collection, type CollectionDefinition, type Store } from '@oak/store';
import { translate } from './sqlite-error.ts';
import { SqliteCollection } from './sqlite-collection.ts';
import { createTable } from './table.ts';

const SCHEMA_VERSION = 1;
const PAGE_BYTES = 4096;
/** "oak1": tells our files from other people's. */
const APPLICATION_ID = 0x6f616b31;

/**
 * `durability`: `process` (default) survives a crash of the process; a power cut may lose the last commits. `power` syncs each commit to the disk, six times slower.
 * `lockWaitMs`: how long opening waits for another process to let go of the file. `maxMiB`: the file grows no further; default: the disk is the limit.
 */
export interface SqliteOptions {
  readonly durability?: 'process' | 'power';
  readonly lockWaitMs?: number;
  readonly maxMiB?: number;
  readonly onListenerError?: (error: unknown, collection: string) => void;
}

/** One file (mode 0600), owned by this process alone: that is what makes `watch` complete. Collections are tables `c_<name>`. */
export class SqliteStore implements Store {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #onListenerError: (error: unknown, collection: string) => void;
  readonly #collections = new Map<string, { definition: object; collection: unknown }>();

  /** @throws StoreUnavailable: locked, unwritable, damaged, newer */
  static open(file: string, options: SqliteOptions = {}): SqliteStore {
    return new SqliteStore(file, openDatabase(file, options), options.onListenerError ?? complain);
  }

  private constructor(file: string, database: DatabaseSync, onListenerError: (error: unknown, collection: string) => void) {
    this.#file = file;
    this.#database = database;
    this.#onListenerError = onListenerError;
  }

  collection<T>(definition: CollectionDefinition<T>): Collection<T> {
    if (!this.#database.isOpen) throw new StoreUnavailable('closed', `${this.#file}: the store is closed`);
    const known = this.#collections.get(definition.name);
    if (known?.definition === definition) return known.collection as Collection<T>;
    checkDefinition(definition);
    if (known) throw new InvalidArgument(`${definition.name}: the collection already has another definition`);
    translate(this.#file, definition.name, () => createTable(this.#database, definition));
    const collection = new SqliteCollection(this.#file, this.#database, definition, (error) => this.#onListenerError(error, definition.name));
    this.#collections.set(definition.name, { definition, collection });
    return collection;
  }

  close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
    return Promise.resolve();
  }
}

function openDatabase(file: string, { durability = 'process', lockWaitMs = 2000, maxMiB }: SqliteOptions): DatabaseSync {
  return translate(file, '', () => {
    makeFile(file);
    const database = new DatabaseSync(file, { timeout: lockWaitMs });
    try {
      // Exclusive first: WAL then needs no shared memory, and a second process is refused instead of writing unseen.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
      database.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA wal_autocheckpoint = 1000`);
      if (maxMiB !== undefined) database.exec(`PRAGMA max_page_count = ${Math.ceil((maxMiB * 1024 * 1024) / PAGE_BYTES)}`);
      adoptSchema(file, database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** SQLite gives its -wal file the mode of the main file. */
function makeFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch (error) {
    throw new StoreUnavailable('unwritable', `cannot write the store file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function adoptSchema(file: string, database: DatabaseSync): void {
  const version = pragma(database, 'user_version');
  const owner = pragma(database, 'application_id');
  if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0 || hasTables(database))) {
    throw new StoreUnavailable('damaged', `${file} is the database of another program: give the store a file of its own`);
  }
  if (version > SCHEMA_VERSION) throw new StoreUnavailable('newer', `${file} was written by a later version (schema ${version}, this one knows ${SCHEMA_VERSION}): upgrade, or restore the backup made before`);
  // Written in any case: the first write takes the exclusive lock for as long as the store is open.
  database.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() !== undefined;
}

function complain(error: unknown, collection: string): void {
  console.error(`a listener of the collection ${collection} failed:`, error);
}
