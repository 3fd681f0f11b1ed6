import { status, type ServiceError, type StatusObject } from '@grpc/grpc-js';

/** temporary: try again. rejected: not while things are as they are, e.g. a taken port. invalid: the caller's fault. bug: ours. */
export type NetErrorKind = 'temporary' | 'rejected' | 'invalid' | 'bug';

export class NetError extends Error {
  override readonly name = 'NetError';
  readonly kind: NetErrorKind;
  constructor(kind: NetErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

const codes: Readonly<Record<NetErrorKind, status>> = {
  temporary: status.UNAVAILABLE,
  rejected: status.FAILED_PRECONDITION,
  invalid: status.INVALID_ARGUMENT,
  bug: status.INTERNAL,
};

/** Marks an answer of the other side, so that its silence can be told from its refusal. */
const answered = 'oak-answered';

/** What travels. Anything that is not a NetError is a fault of ours and says so. */
export function toStatus(error: unknown): Pick<StatusObject, 'code' | 'details'> {
  const { kind, message } = error instanceof NetError ? error : new NetError('bug', `net-manager failed: ${error instanceof Error ? error.message : String(error)}`);
  return { code: codes[kind], details: `${answered}: ${message}` };
}

/** @param socket Path, named in the text when nobody answered. */
export function fromStatus(error: ServiceError, call: string, socket: string): NetError {
  const kinds = Object.entries(codes) as [NetErrorKind, status][];
  const kind = kinds.find(([, code]) => code === error.code)?.[0];
  if (kind && error.details.startsWith(`${answered}: `)) return new NetError(kind, error.details.slice(answered.length + 2));
  return silence(error, call, socket);
}

function silence(error: ServiceError, call: string, socket: string): NetError {
  const cause = { cause: error };
  if (error.code === status.DEADLINE_EXCEEDED || error.code === status.UNAVAILABLE) {
    return new NetError('temporary', `${call}: net-manager does not answer on ${socket} (${error.details}); is it running?`, cause);
  }
  if (error.code === status.UNIMPLEMENTED) return new NetError('bug', `${call}: the net-manager on ${socket} does not know this call; update it`, cause);
  if (error.code === status.RESOURCE_EXHAUSTED) return new NetError('invalid', `${call}: ${error.details}`, cause);
  return new NetError('bug', `${call}: ${error.details} (gRPC code ${error.code})`, cause);
}
