import { createInbox, headers, RequestError, TimeoutError, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Bus, BusLog, BusStatus, EventHandler, QueueOptions, RequestHandler, RequestOptions, Stop } from './bus.ts';
import { BusClosed, NoAnswer, NobodyThere, Rejected } from './bus-error.ts';
import { Intake, messageOf, type Outcome } from './intake.ts';
import { SparseLog } from './sparse-log.ts';
import { fill, narrow, type EventDefinition, type RequestDefinition } from './message.ts';
import { checkSize, decodeReply, encode, requestOptions } from './outgoing.ts';

const CODE = 'Nats-Service-Error-Code';
const REASON = 'Nats-Service-Error';
/** The server's default; used until it has told its own. */
const DEFAULT_MAX_BYTES = 1024 * 1024;
const DRAIN_MS = 5000;

/** A subscription that outlives connections. */
interface Listening {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly receive: (message: Msg) => void;
  current?: Subscription;
}

/** Opens connections until one holds. Resolves undefined when the signal ends it. */
export type Dial = (signal: AbortSignal) => Promise<NatsConnection | undefined>;

/** The bus on NATS: plain JSON on subjects, refusals in NATS' own service headers, so that foreign clients can take part. */
export class NatsBus implements Bus {
  readonly #dial: Dial;
  readonly #log: BusLog;
  readonly #reports: SparseLog;
  readonly #intake: Intake;
  readonly #listening = new Set<Listening>();
  readonly #reconnectListeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #connection: NatsConnection | undefined;
  #status: BusStatus = 'connecting';
  #handedOut = false;
  #drained: Promise<void> | undefined;

  constructor(dial: Dial, log: BusLog) {
    this.#dial = dial;
    this.#log = log;
    this.#reports = new SparseLog((text) => { log.warn(text); });
    this.#intake = new Intake(log);
  }

  /** Resolves when connected for the first time, or never to be. */
  async open(): Promise<void> {
    const connection = await this.#dial(this.#closing.signal);
    if (!connection) return;
    this.#connection = connection;
    this.#status = 'connected';
    for (const listening of this.#listening) this.#listen(connection, listening);
    void this.#follow(connection);
    if (this.#handedOut) this.#tellReconnect();
  }

  /** From here on, a connection that comes is news. */
  handOut(): this {
    this.#handedOut = true;
    return this;
  }

  publish<T>(event: EventDefinition<T>, payload: T, ...tokens: string[]): void {
    this.#checkOpen();
    const subject = fill(event.subject, tokens);
    const text = encode(subject, payload, this.#maxBytes());
    this.#connection?.publish(subject, text);
  }

  async request<T, R>(request: RequestDefinition<T, R>, payload: T, limits: number | RequestOptions, ...tokens: string[]): Promise<R> {
    this.#checkOpen();
    const subject = fill(request.subject, tokens);
    const text = encode(subject, payload, this.#maxBytes());
    const answer = await this.#ask(subject, text, requestOptions(limits));
    const code = answer.headers?.get(CODE);
    if (code) throw new Rejected(Number(code), answer.headers?.get(REASON) ?? '');
    return decodeReply(subject, request.reply, answer.string());
  }

  subscribe<T>(event: EventDefinition<T>, tokens: readonly string[], handler: EventHandler<T>, { queue }: QueueOptions = {}): Stop {
    const receive = this.#intake.event(event, handler);
    return this.#add({ subject: narrow(event.subject, tokens), queue, receive: (message) => receive(message.subject, message.string()) });
  }

  serve<T, R>(request: RequestDefinition<T, R>, tokens: readonly string[], handler: RequestHandler<T, R>, { queue = 'oak' }: QueueOptions = {}): Stop {
    const answer = this.#intake.request(request, handler);
    return this.#add({
      subject: narrow(request.subject, tokens),
      queue,
      receive: (message) => void answer(message.subject, message.string()).then((outcome) => this.#respond(message, outcome)),
    });
  }

  onReconnect(listener: () => void): () => void {
    const own = (): void => listener();
    this.#reconnectListeners.add(own);
    return () => void this.#reconnectListeners.delete(own);
  }

  status(): BusStatus {
    return this.#status;
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    await this.#connection?.flush().catch((error: unknown) => { throw new NobodyThere(`the bus was cut: ${messageOf(error)}`, { cause: error }); });
  }

  dropped(): ReadonlyMap<string, number> {
    return this.#intake.dropped();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#close();
    return this.#drained;
  }

  async #close(): Promise<void> {
    const connected = this.#status === 'connected';
    this.#status = 'closed';
    this.#closing.abort();
    const connection = this.#connection;
    if (connection && connected) {
      await within(DRAIN_MS, this.#finish(connection)).catch((error: unknown) => this.#log.warn(`the bus was cut while it drained: ${messageOf(error)}`));
    }
    await connection?.close();
  }

  /** Subscriptions first: their handlers still need the connection to answer. */
  async #finish(connection: NatsConnection): Promise<void> {
    await Promise.all([...this.#listening].map(async ({ current }) => { await current?.drain(); }));
    await this.#intake.idle();
    await connection.drain();
  }

  #add(listening: Listening): Stop {
    this.#checkOpen();
    this.#listening.add(listening);
    if (this.#connection) this.#listen(this.#connection, listening);
    return async () => {
      this.#listening.delete(listening);
      if (listening.current && !listening.current.isClosed()) await listening.current.drain().catch(() => undefined);
      await this.#intake.idle();
    };
  }

  #listen(connection: NatsConnection, listening: Listening): void {
    const { subject, queue, receive } = listening;
    const callback = (error: Error | null, message: Msg): void => (error ? this.#log.error(`${subject}: cannot listen: ${error.message}`, error) : receive(message));
    listening.current = connection.subscribe(subject, queue === undefined ? { callback } : { queue, callback });
  }

  async #ask(subject: string, text: string, { timeoutMs, inbox }: RequestOptions): Promise<Msg> {
    if (!this.#connection) throw new NobodyThere(`${subject}: not connected yet`);
    try {
      const own = inbox === undefined ? {} : { noMux: true, reply: createInbox(inbox) };
      return await this.#connection.request(subject, text, { timeout: timeoutMs, ...own });
    } catch (error) {
      throw asBusError(subject, timeoutMs, error);
    }
  }

  #respond(message: Msg, outcome: Outcome): void {
    if (!message.reply || this.#connection?.isClosed()) return;
    if (outcome.kind === 'refusal') return void message.respond('', { headers: refusalHeaders(outcome.code, outcome.message) });
    try {
      message.respond(checkSize(message.subject, outcome.text, this.#maxBytes()));
    } catch (error) {
      this.#log.error(`${message.subject}: the reply cannot be sent: ${messageOf(error)}`, error);
      message.respond('', { headers: refusalHeaders(500, 'internal error') });
    }
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#down(`disconnected from ${status.server}`);
      if (status.type === 'staleConnection') this.#log.warn('the bus does not answer pings');
      if (status.type === 'error') this.#reports.say(status.error.name, `the bus reports: ${status.error.message}`);
      if (status.type === 'reconnect') this.#up(status.server);
    }
    if (this.#status === 'closed') return;
    // The client gave up by itself; we do not.
    this.#down('the client closed its connection');
    await this.open();
  }

  #down(reason: string): void {
    if (this.#status === 'closed') return;
    this.#status = 'reconnecting';
    this.#log.warn(`the bus is gone: ${reason}`);
  }

  #up(server: string): void {
    if (this.#status === 'closed') return;
    this.#status = 'connected';
    this.#log.log(`the bus is back: ${server}`);
    this.#tellReconnect();
  }

  #tellReconnect(): void {
    for (const listener of this.#reconnectListeners) {
      try {
        listener();
      } catch (error) {
        this.#log.error(`a reconnect listener failed: ${messageOf(error)}`, error);
      }
    }
  }

  #checkOpen(): void {
    if (this.#status === 'closed') throw new BusClosed('the bus is closed');
  }

  #maxBytes(): number {
    return this.#connection?.info?.max_payload ?? DEFAULT_MAX_BYTES;
  }
}

function asBusError(subject: string, timeoutMs: number, error: unknown): unknown {
  if (error instanceof RequestError && error.isNoResponders()) return new NobodyThere(`${subject}: nobody serves it`, { cause: error });
  if (error instanceof TimeoutError) return new NoAnswer(`${subject}: no answer within ${timeoutMs} ms`, { cause: error });
  return new NoAnswer(`${subject}: no answer: ${messageOf(error)}`, { cause: error });
}

/** The status line stays free of the code: clients take a 503 there for "nobody serves it". */
function refusalHeaders(code: number, reason: string): MsgHdrs {
  const refusal = headers();
  refusal.set(CODE, String(code));
  refusal.set(REASON, reason);
  return refusal;
}

async function within(ms: number, running: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms); });
  try {
    await Promise.race([running, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
