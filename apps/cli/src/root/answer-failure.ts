import { z } from 'zod';
import { exitCodes, Failure, type ExitCode } from '../failure.ts';

/** RFC 9457, as root sends it. */
const problemSchema = z.object({
  detail: z.string(), errors: z.array(z.object({ path: z.string(), message: z.string(), remedy: z.string().optional() })).default([]),
});

const codes: Readonly<Record<number, ExitCode>> = {
  401: exitCodes.notAllowed, 403: exitCodes.notAllowed, 404: exitCodes.notFound, 502: exitCodes.unreachable, 503: exitCodes.unreachable, 504: exitCodes.unreachable,
};
const remedies: Readonly<Record<number, string>> = { 401: 'log in: oak login', 403: 'ask an administrator for the role that this needs' };

/** A refusal of root, told with all its faults. */
export function failureOf(status: number, text: string, url: string): Failure {
  const problem = problemOf(text);
  const code = codes[status] ?? exitCodes.failed;
  if (!problem) return new Failure(code, `${url} answers ${status}${text === '' ? '' : `: ${text.slice(0, 200)}`}`, remedies[status] ?? 'is it a root orchestrator? see: oak doctor');
  // The faults stand in the detail too.
  if (problem.errors.length > 0) return new Failure(code, 'root refuses it:', remedies[status], problem.errors.map(({ remedy, ...fault }) => ({ ...fault, ...(remedy !== undefined && { remedy }) })));
  return new Failure(code, problem.detail, remedies[status]);
}

function problemOf(text: string): z.output<typeof problemSchema> | undefined {
  try {
    return problemSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** No answer at all. */
export function unreachable(url: string, error: unknown): Failure {
  return new Failure(exitCodes.unreachable, `root can not be reached at ${url}: ${reasonOf(error)}`, 'check the address (oak context ls), and what is in between: oak doctor');
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nobody listens there', ENOTFOUND: 'this name is not known', EAI_AGAIN: 'this name can not be looked up now',
  ECONNRESET: 'the connection was cut', EHOSTUNREACH: 'no way to that machine', ENETUNREACH: 'no way to that network',
};

/** Of several addresses that were tried, what the first one said. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return String(first);
  const code = 'code' in first && typeof first.code === 'string' ? first.code : '';
  return reasons[code] ?? (first.message || code);
}
