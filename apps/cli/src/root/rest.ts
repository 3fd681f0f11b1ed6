import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import { failureOf, unreachable } from './answer-failure.ts';
import { exchange } from './exchange.ts';

export interface RestOptions {
  readonly url: string;
  readonly token?: string;
  /** Until root has answered; a stream, until it has begun. */
  readonly timeoutMs: number;
  /** A new token when root took the old one no more; undefined: there is none. */
  readonly renew?: () => Promise<string | undefined>;
}
export interface Question { readonly method?: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; /** Ends a stream. */ readonly signal?: AbortSignal }

/** Root's REST. Every answer that is no success becomes a Failure with the exit code that fits. */
export class Rest {
  readonly url: string;
  readonly #options: RestOptions;
  #token: string | undefined;

  constructor(options: RestOptions) {
    this.url = options.url;
    this.#options = options;
    this.#token = options.token;
  }

  /** The whole answer, as `schema` reads it. @throws Failure */
  async ask<S extends z.ZodType>(schema: S, path: string, question: Omit<Question, 'signal'> = {}): Promise<z.output<S>> {
    const parsed = schema.safeParse(await this.#inTime((signal) => this.#json(path, { ...question, signal })));
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.slice(0, 5).map((issue) => ({ path: z.core.toDotPath(issue.path), message: issue.message }));
    throw new Failure(exitCodes.failed, `the answer of ${this.url}${path} is not as this oak knows it`, 'is it a root orchestrator, and of this version? see: oak version', faults);
  }

  /** An answer whose body is read by the caller, for as long as it comes. @throws Failure */
  async open(path: string, question: Question = {}): Promise<Response> {
    const response = await this.#send(path, question);
    if (response.status !== 401 || !this.#options.renew) return this.#good(response);
    this.#token = await this.#options.renew();
    if (this.#token === undefined) return this.#good(response);
    await response.body?.cancel();
    return this.#good(await this.#send(path, question));
  }

  async #good(response: Response): Promise<Response> {
    if (response.ok) return response;
    throw failureOf(response.status, await response.text().catch(() => ''), this.url);
  }

  async #send(path: string, { method = 'GET', body, headers, signal }: Question): Promise<Response> {
    const begin = (patience: AbortSignal): Promise<Response> => exchange(`${this.url}${path}`, {
      method, signal: signal ? AbortSignal.any([signal, patience]) : patience,
      headers: { accept: 'application/json', ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    try {
      return await this.#inTime(begin);
    } catch (error) {
      if (signal?.aborted || error instanceof Failure) throw error;
      throw unreachable(this.url, error);
    }
  }

  /** Gives up what is not done in time. */
  async #inTime<T>(act: (patience: AbortSignal) => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const timer = setTimeout(() => { patience.abort(new Error(`no answer within ${this.#options.timeoutMs} ms`)); }, this.#options.timeoutMs);
    try {
      return await act(patience.signal);
    } catch (error) {
      throw patience.signal.aborted ? unreachable(this.url, patience.signal.reason) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #json(path: string, question: Question): Promise<unknown> {
    const response = await this.open(path, question);
    try {
      return await response.json();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw unreachable(this.url, error);
      throw new Failure(exitCodes.failed, `${this.url}${path} does not answer in JSON`, 'is it a root orchestrator? see: oak doctor');
    }
  }
}
