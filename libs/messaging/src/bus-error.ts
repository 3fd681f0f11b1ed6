/** Who must act. temporary: nobody knows what happened, ask again. rejected: the other side said no. invalid: the caller's fault. failed: the other side is broken. */
export type BusErrorKind = 'temporary' | 'rejected' | 'invalid' | 'failed';

/** Every error that a bus throws is one of its subclasses. */
export abstract class BusError extends Error {
  abstract readonly kind: BusErrorKind;
}

/** The other side answered, and its answer was no. A handler throws it to refuse. `code`: as in HTTP, 400 to 599. */
export class Rejected extends BusError {
  override readonly name = 'Rejected';
  override readonly kind = 'rejected';
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Nobody serves this subject just now. It says nothing about whether they exist. */
export class NobodyThere extends BusError {
  override readonly name = 'NobodyThere';
  override readonly kind = 'temporary';
}

/** No answer in time. The request may have been carried out or not. */
export class NoAnswer extends BusError {
  override readonly name = 'NoAnswer';
  override readonly kind = 'temporary';
}

/** The other side answered something that its contract does not allow. */
export class BadReply extends BusError {
  override readonly name = 'BadReply';
  override readonly kind = 'failed';
}

/** A message that cannot be sent: a bad token, or too large. */
export class InvalidMessage extends BusError {
  override readonly name = 'InvalidMessage';
  override readonly kind = 'invalid';
}

/** Used after `drain()`, or given up. */
export class BusClosed extends BusError {
  override readonly name = 'BusClosed';
  override readonly kind = 'failed';
}
