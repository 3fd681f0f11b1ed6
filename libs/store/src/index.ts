export type { Change, Document } from './document.ts';
export type { Collection, CollectionDefinition, Entry, IndexDefinition, ListOptions, Operation, Scalar, Where, WriteResult } from './collection.ts';
export type { Store } from './store.ts';
export {
  CorruptDocument, InvalidArgument, NotFound, StaleRevision, StoreError, StoreUnavailable, UniqueViolation,
  type StoreErrorKind, type Unavailability,
} from './store-error.ts';
export { ChangeFeed } from './change-feed.ts';
export { checkDefinition, checkId, checkLimit, isId, resolveWhere } from './check.ts';
