import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { StoreError, StoreUnavailable } from '@oak/store';
import { Problem, type Fault } from './problem.ts';

interface Reply { status(code: number): Reply; header(name: string, value: string): Reply; send(body: string): void; raw: { headersSent: boolean } }
interface Answer { readonly status: number; readonly title: string; readonly detail: string; readonly faults?: readonly Fault[]; readonly headers?: Readonly<Record<string, string>> }

/** RFC 9457. `message` and `msg` repeat the detail and `code` the status, since Oakestra's clients look there. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<Reply>();
    if (reply.raw.headersSent) return;
    const answer = answerOf(error);
    if (answer.status >= 500) this.#logger.error(error);
    const body = { type: 'about:blank', title: answer.title, status: answer.status, code: answer.status, detail: answer.detail, message: answer.detail, msg: answer.detail, ...(answer.faults?.length && { errors: answer.faults }) };
    for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
    reply.status(answer.status).header('content-type', 'application/problem+json').send(JSON.stringify(body));
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof Problem) return { status: error.status, title: error.title, detail: error.message, faults: error.faults, headers: error.headers };
  if (error instanceof HttpException) return { status: error.getStatus(), title: error.name, detail: error.message };
  if (error instanceof StoreUnavailable) return { status: 503, title: 'Store unavailable', detail: error.message };
  if (error instanceof StoreError) return { status: error.kind === 'temporary' ? 503 : 500, title: 'Store error', detail: error.message };
  return fromFastify(error) ?? { status: 500, title: 'Internal error', detail: 'an error of ours; it is in the log of root-orchestrator' };
}

/** Fastify's own refusals: a body that is too large, no JSON, of an unknown type. */
function fromFastify(error: unknown): Answer | undefined {
  const { statusCode, message, code } = (error ?? {}) as { statusCode?: unknown; message?: unknown; code?: unknown };
  if (typeof statusCode !== 'number' || statusCode >= 500 || typeof message !== 'string') return undefined;
  return { status: statusCode, title: typeof code === 'string' ? code : 'Bad request', detail: message };
}
