import { RuntimeError, type ErrorKind } from '@oak/runtime';

/** What went wrong between us and one registry. */
export class RegistryError extends RuntimeError {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** What the registry asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  constructor(kind: ErrorKind, message: string, answer: { status?: number | undefined; retryAfterMs?: number | undefined } = {}, options?: ErrorOptions) {
    super(kind, message, options);
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

interface Refusal {
  readonly kind: ErrorKind;
  readonly remedy: string;
}

const refusals: Readonly<Record<number, Refusal>> = {
  401: { kind: 'invalid', remedy: 'the image does not exist, or the registry wants credentials: set username and password for it in the node configuration' },
  403: { kind: 'invalid', remedy: 'these credentials may not read the image' },
  404: { kind: 'invalid', remedy: 'no such image or tag' },
  416: { kind: 'temporary', remedy: 'the registry cannot resume this download' },
  429: { kind: 'temporary', remedy: 'too many requests: wait, log in, or use a mirror' },
};

/** An answer that is not a success. `subject` is what was asked for, e.g. `manifest latest`. */
export function refused(where: string, subject: string, answer: { status: number; retryAfter: string | undefined; text: string }): RegistryError {
  const { status, retryAfter, text } = answer;
  const { kind, remedy } = refusals[status] ?? (status >= 500 || status === 408 ? { kind: 'temporary' as const, remedy: 'the registry is in trouble' } : { kind: 'invalid' as const, remedy: 'not an answer of a registry' });
  const said = saidBy(text);
  return new RegistryError(kind, `${where}: HTTP ${status} for ${subject}: ${remedy}${said && ` (it says: ${said})`}`, { status, retryAfterMs: secondsOf(retryAfter) });
}

/** No answer at all. */
export function unreachable(where: string, subject: string, error: unknown): RegistryError {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy = remedyOf(code ?? '', message);
  return new RegistryError('temporary', `${where}: no answer for ${subject}: ${code ? `${code} ` : ''}${message}${remedy && ` (${remedy})`}`, {}, { cause: error });
}

function remedyOf(code: string, message: string): string {
  if (/CERT|SELF_SIGNED|ISSUER/.test(code)) return "set caFile for this registry to the authority that signed its certificate";
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name does not resolve on this node';
  if (code === 'EPROTO' || /wrong version number|packet length too long/i.test(message)) return 'it speaks no TLS: set plainHttp for it if that is meant';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'its name server or itself is away, or a firewall is between';
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  return '';
}

function saidBy(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    return [errors?.[0]?.code, errors?.[0]?.message].filter((part) => typeof part === 'string' && part !== '').join(': ').slice(0, 300);
  } catch {
    return '';
  }
}

function secondsOf(retryAfter: string | undefined): number | undefined {
  const seconds = Number(retryAfter);
  return retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined;
}
