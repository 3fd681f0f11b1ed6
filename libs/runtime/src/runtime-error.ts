/**
 * temporary: try again later. rejected: refused before start (e.g. privileged not allowed). failed: started or starting, and broke.
 * invalid: the caller's fault, e.g. no such image. bug: ours.
 */
export type ErrorKind = 'temporary' | 'rejected' | 'failed' | 'invalid' | 'bug';

/** The only error a runtime throws. The message is for the person at 3 a.m.: what was tried, what happened, what to do. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly kind: ErrorKind;
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
