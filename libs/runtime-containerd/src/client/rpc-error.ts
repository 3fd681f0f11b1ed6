import { status, type ServiceError } from '@grpc/grpc-js';
import { RuntimeError, type ErrorKind } from '@oak/runtime';

/** What containerd answered instead of a result. `code` is the gRPC status, `details` containerd's own words. */
export class RpcError extends RuntimeError {
  readonly code: status;
  readonly details: string;
  constructor(kind: ErrorKind, message: string, answer: { code: status; details: string }, options?: ErrorOptions) {
    super(kind, message, options);
    this.code = answer.code;
    this.details = answer.details;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof RpcError && error.code === status.NOT_FOUND;
export const isAlreadyExists = (error: unknown): boolean => error instanceof RpcError && error.code === status.ALREADY_EXISTS;
export const isUnavailable = (error: unknown): boolean => error instanceof RpcError && error.code === status.UNAVAILABLE;
/** Another writer holds the same ingest; it may finish it for us. */
export const isLocked = (error: unknown): boolean => isUnavailable(error) && (error as RpcError).details.includes('locked');

const fullDisk = /no space left on device|disk quota exceeded/i;
export const isDiskFull = (error: unknown): boolean => error instanceof RpcError && fullDisk.test(error.details);

interface Verdict {
  readonly kind: ErrorKind;
  readonly remedy: string;
}

/** Failures of shims and runtimes arrive as UNKNOWN with text, so the text decides; the first match wins. */
const byText: readonly (readonly [RegExp, Verdict])[] = [
  [fullDisk, { kind: 'temporary', remedy: "the node's disk is full: free space under containerd's root" }],
  [/runtime "?[\w.-]+"? binary not installed|containerd-shim-[\w-]+.*(not found|no such file|does not exist)/i, { kind: 'failed', remedy: "install the shim in a folder of containerd's PATH" }],
  [/unable to retrieve OCI runtime error.*executable file not found/is, { kind: 'failed', remedy: "install the runtime's binary in a folder of containerd's PATH" }],
  [/unexpected commit (digest|size)/i, { kind: 'invalid', remedy: 'the registry or its mirror serves damaged content' }],
  [/executable file not found|exec: .*no such file or directory|error finding executable/is, { kind: 'failed', remedy: "the image has no such command: check the microservice's cmd" }],
  [/exec format error/i, { kind: 'invalid', remedy: "the image is built for another architecture than this node's" }],
  [/cannot allocate memory|resource temporarily unavailable|too many open files/i, { kind: 'temporary', remedy: 'the node is short of memory or file handles' }],
  [/ttrpc: closed|transport is closing|shim disconnected|connection reset/i, { kind: 'temporary', remedy: "the workload's shim went away" }],
  [/message larger than max|received message larger/i, { kind: 'bug', remedy: 'a message of more than 16 MiB' }],
];

const byCode: Partial<Record<status, Verdict>> = {
  [status.UNAVAILABLE]: { kind: 'temporary', remedy: 'is containerd running? see `systemctl status containerd`' },
  [status.DEADLINE_EXCEEDED]: { kind: 'temporary', remedy: 'containerd is overloaded or hangs' },
  [status.ABORTED]: { kind: 'temporary', remedy: '' },
  [status.RESOURCE_EXHAUSTED]: { kind: 'temporary', remedy: '' },
  [status.INVALID_ARGUMENT]: { kind: 'bug', remedy: '' },
  [status.UNIMPLEMENTED]: { kind: 'failed', remedy: 'this containerd is too old; 1.6 is the oldest supported' },
  [status.PERMISSION_DENIED]: { kind: 'failed', remedy: 'the node engine needs the rights of root' },
};

/** The one place where gRPC becomes our error. `label` is the call, e.g. `Tasks.Create`; `socket` is shown when nobody answers. */
export function translateRpcError(error: ServiceError, label: string, socket: string): RpcError {
  const { code, details } = error;
  const verdict = byText.find(([pattern]) => pattern.test(details))?.[1] ?? (/\bEACCES\b/.test(details) ? byCode[status.PERMISSION_DENIED] : byCode[code]) ?? { kind: 'failed', remedy: '' };
  const where = code === status.UNAVAILABLE ? ` at ${socket}` : '';
  const message = `containerd ${label}${where}: ${details || (status[code] ?? `status ${String(code)}`)}${verdict.remedy && ` (${verdict.remedy})`}`;
  return new RpcError(verdict.kind, message, { code, details }, { cause: error });
}
