import type { Bus, BusLog, BusStatus, EventHandler, QueueOptions, RequestHandler, RequestOptions, Stop } from '../bus.ts';
import { BusClosed, NoAnswer, NobodyThere, Rejected } from '../bus-error.ts';
import { Intake, messageOf, type Outcome } from '../intake.ts';
import { fill, narrow, type EventDefinition, type RequestDefinition } from '../message.ts';
import { decodeReply, encode, requestOptions } from '../outgoing.ts';
import type { Listener, MemoryNetwork } from './memory-network.ts';

/** The bus within one process. Payloads go through JSON and the parsers, as on the wire. */
export class MemoryBus implements Bus {
  readonly name: string;
  readonly #network: MemoryNetwork;
  readonly #log: BusLog;
  readonly #intake: Intake;
  readonly #undo = new Set<() => void>();
  readonly #reconnectListeners = new Set<() => void>();
  #status: BusStatus = 'connected';

  constructor(network: MemoryNetwork, name: string, log: BusLog) {
    this.name = name;
    this.#network = network;
    this.#log = log;
    this.#intake = new Intake(log);
  }

  publish<T>(event: EventDefinition<T>, payload: T, ...tokens: string[]): void {
    const subject = fill(event.subject, tokens);
    const text = this.#encode(subject, payload);
    if (this.#status !== 'connected') return;
    for (const receiver of this.#network.receivers(this.name, subject, 'event')) {
      if (!this.#passes(receiver, subject, 'event')) continue;
      this.#network.carry({ from: this.name, to: receiver.owner.name, subject, kind: 'event' }, () => { if (receiver.owner.status() !== 'closed') receiver.event?.(subject, text); });
    }
  }

  async request<T, R>(request: RequestDefinition<T, R>, payload: T, limits: number | RequestOptions, ...tokens: string[]): Promise<R> {
    const subject = fill(request.subject, tokens);
    const text = this.#encode(subject, payload);
    const { timeoutMs } = requestOptions(limits);
    const outcome = await this.#ask(subject, text, timeoutMs);
    if (outcome.kind === 'refusal') throw new Rejected(outcome.code, outcome.message);
    return decodeReply(subject, request.reply, outcome.text);
  }

  subscribe<T>(event: EventDefinition<T>, tokens: readonly string[], handler: EventHandler<T>, { queue }: QueueOptions = {}): Stop {
    return this.#add({ owner: this, subject: narrow(event.subject, tokens), queue, event: this.#intake.event(event, handler) });
  }

  serve<T, R>(request: RequestDefinition<T, R>, tokens: readonly string[], handler: RequestHandler<T, R>, { queue = 'oak' }: QueueOptions = {}): Stop {
    return this.#add({ owner: this, subject: narrow(request.subject, tokens), queue, request: this.#intake.request(request, handler) });
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
    await Promise.resolve();
  }

  dropped(): ReadonlyMap<string, number> {
    return this.#intake.dropped();
  }

  async drain(): Promise<void> {
    if (this.#status === 'closed') return;
    for (const undo of this.#undo) undo();
    await this.#intake.idle();
    this.#status = 'closed';
    this.#network.forget(this.name);
  }

  /** For the network. */
  cut(): void {
    if (this.#status === 'connected') this.#status = 'reconnecting';
  }

  /** For the network. */
  restore(): void {
    if (this.#status !== 'reconnecting') return;
    this.#status = 'connected';
    for (const listener of this.#reconnectListeners) this.#tell(listener);
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error(`a reconnect listener failed: ${messageOf(error)}`, error);
    }
  }

  #add(listener: Listener): Stop {
    this.#checkOpen();
    const undo = this.#network.add(listener);
    this.#undo.add(undo);
    return async () => {
      undo();
      this.#undo.delete(undo);
      await this.#intake.idle();
    };
  }

  #ask(subject: string, text: string, timeoutMs: number): Promise<Outcome> {
    const [receiver] = this.#status === 'connected' ? this.#network.receivers(this.name, subject, 'request') : [];
    if (!receiver && this.#status === 'connected') return Promise.reject(new NobodyThere(`${subject}: nobody serves it`));
    return new Promise((resolve, reject) => {
      const cancel = this.#network.after(timeoutMs, () => { reject(new NoAnswer(`${subject}: no answer within ${timeoutMs} ms`)); });
      if (!receiver || !this.#passes(receiver, subject, 'request')) return;
      this.#network.carry({ from: this.name, to: receiver.owner.name, subject, kind: 'request' }, () => void this.#hand(receiver, subject, text).then((outcome) => {
        if (!outcome || this.#status !== 'connected' || !receiver.owner.#mayAnswer(this, subject)) return;
        cancel();
        resolve(receiver.owner.#bounded(subject, outcome));
      }));
    });
  }

  /** Undefined: who served it is gone meanwhile. */
  async #hand(receiver: Listener, subject: string, text: string): Promise<Outcome | undefined> {
    return receiver.owner.status() === 'closed' ? undefined : receiver.request?.(subject, text);
  }

  #mayAnswer(asker: MemoryBus, subject: string): boolean {
    return this.#status === 'connected' && this.#network.together(this.name, asker.name) && this.#network.passes({ from: this.name, to: asker.name, subject, kind: 'reply' });
  }

  #bounded(subject: string, outcome: Outcome): Outcome {
    if (outcome.kind === 'refusal' || Buffer.byteLength(outcome.text) <= this.#network.maxBytes) return outcome;
    this.#log.error(`${subject}: the reply cannot be sent: it is larger than ${this.#network.maxBytes} bytes`);
    return { kind: 'refusal', code: 500, message: 'internal error' };
  }

  #passes(receiver: Listener, subject: string, kind: 'event' | 'request'): boolean {
    return this.#network.passes({ from: this.name, to: receiver.owner.name, subject, kind });
  }

  #encode(subject: string, payload: unknown): string {
    this.#checkOpen();
    return encode(subject, payload, this.#network.maxBytes);
  }

  #checkOpen(): void {
    if (this.#status === 'closed') throw new BusClosed('the bus is closed');
  }
}
