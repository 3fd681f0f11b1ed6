import type { EventDefinition, RequestDefinition } from './message.ts';

/** `tokens`: what each wildcard of the definition's subject took, in order. Identity is here; a payload may claim anything. */
export interface MessageContext {
  readonly subject: string;
  readonly tokens: readonly string[];
}

export type EventHandler<T> = (payload: T, context: MessageContext) => void | Promise<void>;
/** Throws `Rejected` to refuse; anything else it throws reaches the asker as "internal error" (500) and the log in full. */
export type RequestHandler<T, R> = (payload: T, context: MessageContext) => R | Promise<R>;
/** Takes no more messages and resolves when the ones taken are handled. */
export type Stop = () => Promise<void>;

/** `inbox`: where the answer is sent, for links that carry answers only to names they know (root asks a cluster with `_INBOX.root.<cluster>`). Default: the connection's own inbox. */
export interface RequestOptions {
  readonly timeoutMs: number;
  readonly inbox?: string;
}

/** Subscribers of one `queue` share the messages, each goes to one of them. */
export interface QueueOptions {
  readonly queue?: string;
}

/** connecting: never been connected. closed: for good. */
export type BusStatus = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** Nest's Logger fits. */
export interface BusLog {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

/**
 * Typed messages on subjects. They are hints: they may get lost, so resend the full state on every reconnect and on a period.
 * All methods throw `InvalidMessage` for bad tokens and oversized payloads, and `BusClosed` after `drain()`.
 */
export interface Bus {
  publish<T>(event: EventDefinition<T>, payload: T, ...tokens: string[]): void;
  /** `limits`: a timeout in milliseconds, or options. @throws Rejected, NobodyThere, NoAnswer, BadReply */
  request<T, R>(request: RequestDefinition<T, R>, payload: T, limits: number | RequestOptions, ...tokens: string[]): Promise<R>;
  /** `tokens` fill the first wildcards, the rest match anyone. Messages of one subject are handled one after another; subjects run beside each other. */
  subscribe<T>(event: EventDefinition<T>, tokens: readonly string[], handler: EventHandler<T>, options?: QueueOptions): Stop;
  /** As `subscribe`. Servers of one queue (default `oak`) share the requests; requests run beside each other. */
  serve<T, R>(request: RequestDefinition<T, R>, tokens: readonly string[], handler: RequestHandler<T, R>, options?: QueueOptions): Stop;
  /** Called each time the connection is back, also when it comes for the first time after the bus was handed out. Whatever was said meanwhile is lost. Returns the undo. */
  onReconnect(listener: () => void): () => void;
  status(): BusStatus;
  /** Resolves when the server has taken in all that was done so far, subscriptions included. */
  flush(): Promise<void>;
  /** Messages that did not parse or came too fast, counted by the subject of their definition. */
  dropped(): ReadonlyMap<string, number>;
  /** Handles what has arrived, sends what is waiting, closes. May be called twice. */
  drain(): Promise<void>;
}
