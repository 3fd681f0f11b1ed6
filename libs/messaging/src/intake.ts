import type { BusLog, EventHandler, MessageContext, RequestHandler } from './bus.ts';
import { Rejected } from './bus-error.ts';
import { faultsOf, oneLine } from './faults.ts';
import { SparseLog } from './sparse-log.ts';
import { tokensOf, type EventDefinition, type Parser, type RequestDefinition } from './message.ts';

/** Events of one subject that wait for their turn; a sender that is faster than its handler loses the rest. */
const MAX_WAITING = 1024;

export type Outcome = { readonly kind: 'reply'; readonly text: string } | { readonly kind: 'refusal'; readonly code: number; readonly message: string };

interface Line { waiting: number; tail: Promise<void> }

/** The receiving half of every bus: parses, keeps the order, answers. Nothing that a sender or a handler does gets out of it. */
export class Intake {
  readonly #log: BusLog;
  readonly #warnings: SparseLog;
  readonly #lines = new Map<string, Line>();
  readonly #dropped = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();

  constructor(log: BusLog) {
    this.#log = log;
    this.#warnings = new SparseLog((text) => { log.warn(text); });
  }

  dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  /** Resolves when nothing is being handled. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  event<T>(event: EventDefinition<T>, handler: EventHandler<T>): (subject: string, text: string) => void {
    return (subject, text) => {
      const payload = this.#parseEvent(event, subject, text);
      if (payload) this.#queue(event.subject, subject, () => this.#handle(handler, payload.value, contextOf(event.subject, subject)));
    };
  }

  request<T, R>(request: RequestDefinition<T, R>, handler: RequestHandler<T, R>): (subject: string, text: string) => Promise<Outcome> {
    return (subject, text) => this.#track(this.#answer(request, handler, subject, text));
  }

  #parseEvent<T>(event: EventDefinition<T>, subject: string, text: string): { value: T } | undefined {
    try {
      return { value: parse(event.payload, text) };
    } catch (error) {
      this.#drop(event.subject, `${subject}: dropped an event that does not parse: ${faultsOf(error)}`);
      return undefined;
    }
  }

  /** At once if nothing waits on this subject, else behind it. */
  #queue(pattern: string, subject: string, run: () => Promise<void> | undefined): void {
    const line = this.#lines.get(subject);
    if (!line) return this.#begin(subject, run());
    if (line.waiting >= MAX_WAITING) return this.#drop(pattern, `${subject}: dropped an event, ${MAX_WAITING} are waiting for their handler`);
    line.waiting++;
    line.tail = this.#track(line.tail.then(run).then(() => this.#end(subject, line)));
  }

  #begin(subject: string, running: Promise<void> | undefined): void {
    if (!running) return;
    const line: Line = { waiting: 1, tail: Promise.resolve() };
    this.#lines.set(subject, line);
    line.tail = this.#track(running.then(() => this.#end(subject, line)));
  }

  #end(subject: string, line: Line): void {
    line.waiting--;
    if (line.waiting === 0) this.#lines.delete(subject);
  }

  /** Undefined when the handler was done at once. */
  #handle<T>(handler: EventHandler<T>, payload: T, context: MessageContext): Promise<void> | undefined {
    const failed = (error: unknown): void => this.#log.error(`${context.subject}: the handler failed: ${messageOf(error)}`, error);
    try {
      return handler(payload, context)?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  async #answer<T, R>(request: RequestDefinition<T, R>, handler: RequestHandler<T, R>, subject: string, text: string): Promise<Outcome> {
    try {
      const payload = this.#parseRequest(request, subject, text);
      const reply = await handler(payload, contextOf(request.subject, subject));
      return { kind: 'reply', text: reply === undefined ? '' : JSON.stringify(reply) };
    } catch (error) {
      if (error instanceof Rejected) return { kind: 'refusal', code: error.code, message: oneLine(error.message) };
      this.#log.error(`${subject}: the handler failed: ${messageOf(error)}`, error);
      return { kind: 'refusal', code: 500, message: 'internal error' };
    }
  }

  #parseRequest<T>(request: EventDefinition<T>, subject: string, text: string): T {
    try {
      return parse(request.payload, text);
    } catch (error) {
      const faults = faultsOf(error);
      this.#drop(request.subject, `${subject}: refused a request that does not parse: ${faults}`);
      throw new Rejected(400, faults, { cause: error });
    }
  }

  #drop(pattern: string, reason: string): void {
    this.#dropped.set(pattern, (this.#dropped.get(pattern) ?? 0) + 1);
    this.#warnings.say(pattern, reason);
  }

  #track<R>(running: Promise<R>): Promise<R> {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
    return running;
  }
}

function contextOf(pattern: string, subject: string): MessageContext {
  return { subject, tokens: tokensOf(pattern, subject) };
}

export function parse<T>(parser: Parser<T>, text: string): T {
  return parser.parse(text === '' ? undefined : JSON.parse(text));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
