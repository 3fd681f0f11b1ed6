/** Who must act. temporary: try again. rejected: the write lost against a rule. invalid: the caller's fault. failed: the storage's fault. */
export type StoreErrorKind = 'temporary' | 'rejected' | 'invalid' | 'failed';

/** Every error that a store throws is one of its subclasses. */
export abstract class StoreError extends Error {
  abstract readonly kind: StoreErrorKind;
}

/** Another document holds the same values. `index` is the name of the unique index, or `id`. */
export class UniqueViolation extends StoreError {
  override readonly name = 'UniqueViolation';
  override readonly kind = 'rejected';
  readonly collection: string;
  readonly index: string;
  constructor(collection: string, index: string, options?: ErrorOptions) {
    super(`${collection}: another document has the same ${index === 'id' ? 'id' : `values of the unique index "${index}"`}`, options);
    this.collection = collection;
    this.index = index;
  }
}

/** Compare-and-set lost: the document was written in between. Read it again and decide anew. */
export class StaleRevision extends StoreError {
  override readonly name = 'StaleRevision';
  override readonly kind = 'temporary';
  readonly collection: string;
  readonly id: string;
  readonly expected: number;
  readonly actual: number;
  constructor(collection: string, id: string, expected: number, actual: number) {
    super(`${collection}/${id}: expected revision ${expected}, found ${actual}`);
    this.collection = collection;
    this.id = id;
    this.expected = expected;
    this.actual = actual;
  }
}

export class NotFound extends StoreError {
  override readonly name = 'NotFound';
  override readonly kind = 'rejected';
  readonly collection: string;
  readonly id: string;
  constructor(collection: string, id: string) {
    super(`${collection}/${id}: no such document`);
    this.collection = collection;
    this.id = id;
  }
}

/** A stored row that its own collection can no longer parse. `cause` says where it drifted. */
export class CorruptDocument extends StoreError {
  override readonly name = 'CorruptDocument';
  override readonly kind = 'failed';
  readonly collection: string;
  readonly id: string;
  constructor(collection: string, id: string, cause: unknown) {
    super(`${collection}/${id}: the stored document does not parse: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.collection = collection;
    this.id = id;
  }
}

/** An id, name, path or filter that no adapter can take. */
export class InvalidArgument extends StoreError {
  override readonly name = 'InvalidArgument';
  override readonly kind = 'invalid';
}

/** closed: used after `close()`. locked: held by another process. newer: written by a later version. The rest as the words say. */
export type Unavailability = 'closed' | 'locked' | 'unwritable' | 'full' | 'damaged' | 'newer' | 'unreachable';

/** The storage itself cannot serve. `message` names the place and the remedy. */
export class StoreUnavailable extends StoreError {
  override readonly name = 'StoreUnavailable';
  override readonly kind: 'temporary' | 'failed';
  readonly reason: Unavailability;
  constructor(reason: Unavailability, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.kind = reason === 'locked' || reason === 'full' || reason === 'unreachable' ? 'temporary' : 'failed';
  }
}
