import type { Collection, CollectionDefinition } from '../collection.ts';
import { checkDefinition } from '../check.ts';
import { InvalidArgument, StoreUnavailable } from '../store-error.ts';
import type { Store } from '../store.ts';
import { MemoryCollection, type Row } from './memory-collection.ts';

/** What outlives a `MemoryStore`: give it to the next one to play a restart. */
export type MemoryDisk = Map<string, Map<string, Row>>;

/** The whole port in process memory, for simulations and for tests of what uses a store. */
export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  readonly #onListenerError: (error: unknown, collection: string) => void;
  readonly #collections = new Map<string, { definition: object; collection: unknown }>();
  #closed = false;

  constructor(disk: MemoryDisk = new Map(), onListenerError: (error: unknown, collection: string) => void = rethrowLater) {
    this.#disk = disk;
    this.#onListenerError = onListenerError;
  }

  collection<T>(definition: CollectionDefinition<T>): Collection<T> {
    this.#checkOpen();
    const known = this.#collections.get(definition.name);
    if (known?.definition === definition) return known.collection as Collection<T>;
    checkDefinition(definition);
    if (known) throw new InvalidArgument(`${definition.name}: the collection already has another definition`);
    const collection = new MemoryCollection(definition, this.#rows(definition.name), () => this.#checkOpen(), (error) => this.#onListenerError(error, definition.name));
    this.#collections.set(definition.name, { definition, collection });
    return collection;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #rows(name: string): Map<string, Row> {
    const rows = this.#disk.get(name) ?? new Map<string, Row>();
    this.#disk.set(name, rows);
    return rows;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('closed', 'the store is closed');
  }
}

/** A listener that throws is a bug of the test: let the runner see it. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => { throw error; });
}
