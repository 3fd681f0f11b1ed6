import type { Collection, CollectionDefinition } from './collection.ts';

/** Named collections in one place. The same definition object gives the same collection. */
export interface Store {
  /** Makes the collection and its indexes if they are missing. @throws InvalidArgument if the name already has another definition */
  collection<T>(definition: CollectionDefinition<T>): Collection<T>;
  /** Writes everything out and lets go. May be called twice. */
  close(): Promise<void>;
}
