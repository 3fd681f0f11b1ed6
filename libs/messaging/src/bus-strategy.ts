import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Bus, MessageContext, Stop } from './bus.ts';
import type { EventDefinition, RequestDefinition } from './message.ts';

export const BUS = Symbol('oak bus');

/** What the decorators leave at a handler. */
export interface HandlerExtras {
  readonly definition: EventDefinition<unknown> | RequestDefinition<unknown, unknown>;
  readonly queue?: string;
}

/** `served`: every definition in it must have its handler, or the application does not start. */
export interface StrategyOptions {
  readonly served?: readonly { readonly subject: string }[];
}

/**
 * Nest's handlers on the bus: what arrives is the payload, what leaves is the reply, nothing wraps either.
 * `tokens`: the application's own names (its cluster; its cluster and node). They fill the first wildcards of every subject.
 */
export class BusStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = BUS;
  readonly #bus: Bus;
  readonly #tokens: readonly string[];
  readonly #served: readonly string[];
  readonly #twice = new Set<string>();
  #stops: Stop[] = [];

  constructor(bus: Bus, tokens: readonly string[], { served = [] }: StrategyOptions = {}) {
    super();
    this.#bus = bus;
    this.#tokens = tokens;
    this.#served = served.map(({ subject }) => subject);
  }

  /** Nest would chain a second handler of an event and silently replace that of a request. */
  override addHandler(subject: string, handler: MessageHandler, isEvent?: boolean, extras?: Record<string, unknown>): void {
    if (this.messageHandlers.has(subject)) this.#twice.add(subject);
    super.addHandler(subject, handler, isEvent, extras);
  }

  listen(ready: (error?: unknown) => void): void {
    this.#start().then(() => ready(), ready);
  }

  /** Stops taking messages and lets the running handlers finish. The bus belongs to whoever opened it. */
  async close(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }

  on(): never {
    throw new Error('the bus has no Nest events: use bus.onReconnect() and bus.status()');
  }

  unwrap<T>(): T {
    return this.#bus as T;
  }

  async #start(): Promise<void> {
    this.#checkHandlers();
    this.#stops = [...this.messageHandlers].map(([subject, handler]) => this.#listen(subject, handler));
    // A bus that is still connecting takes the subscriptions along when it arrives.
    if (this.#bus.status() === 'connected') await this.#bus.flush();
  }

  #checkHandlers(): void {
    const missing = this.#served.filter((subject) => !this.messageHandlers.has(subject));
    const faults = [...missing.map((subject) => `no handler for ${subject}`), ...[...this.#twice].map((subject) => `more than one handler for ${subject}`)];
    if (faults.length > 0) throw new Error(`the application cannot serve its subjects: ${faults.join('; ')}`);
  }

  #listen(subject: string, handler: MessageHandler): Stop {
    const { definition, queue } = handler.extras as Partial<HandlerExtras>;
    if (!definition) throw new Error(`${subject}: use OnEvent or OnRequest of @oak/messaging`);
    const options = queue === undefined ? {} : { queue };
    const run = (payload: unknown, context: MessageContext): Promise<unknown> => this.#run(handler, payload, context);
    if ('reply' in definition) return this.#bus.serve(definition, this.#tokens, run, options);
    return this.#bus.subscribe(definition, this.#tokens, async (payload, context) => { await run(payload, context); }, options);
  }

  async #run(handler: MessageHandler, payload: unknown, context: MessageContext): Promise<unknown> {
    return lastValueFrom(this.transformToObservable(await handler(payload, context)), { defaultValue: undefined });
  }
}
