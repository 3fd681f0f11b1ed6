import { randomUUID } from 'node:crypto';
import { EventsDefinition } from '../gen/events.ts';
import type { Envelope } from '../gen/messages.ts';
import { typeName } from './any.ts';
import type { ContainerdClient } from './containerd-client.ts';

export type ContainerdEvent =
  | { readonly kind: 'resync' }
  | { readonly kind: 'event'; readonly topic: string; readonly atMs: number | undefined; readonly type: string; readonly value: Buffer };

const firstPauseMs = 100;
const longestPauseMs = 5000;
const knockMs = 250;

/** A subscription that outlives containerd's restarts. One attempt is one stream that ends exactly once, so streams never multiply. */
export class EventSubscription {
  readonly #client: ContainerdClient;
  readonly #filters: readonly string[];
  readonly #listener: (event: ContainerdEvent) => void;
  readonly #stop = new AbortController();
  #failures = 0;

  constructor(client: ContainerdClient, filters: readonly string[], listener: (event: ContainerdEvent) => void) {
    this.#client = client;
    this.#filters = filters.map((filter) => `namespace==${client.namespace},${filter}`);
    this.#listener = listener;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#listen().catch(() => undefined);
      if (!signal.aborted) await pause(backoffMs(this.#failures++, Math.random()), signal);
    }
  }

  /** containerd says nothing when a subscription begins to count, so we publish a topic of our own until we hear it. */
  async #listen(): Promise<void> {
    const marker = `/oakestra/subscribed/${randomUUID()}`;
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, attempt.signal]);
    const stream = this.#client.stream(EventsDefinition, 'subscribe', { filters: [...this.#filters, `topic==${JSON.stringify(marker)}`] }, { signal, deadlineMs: Infinity });
    const live = new AbortController();
    const knocking = this.#knock(marker, AbortSignal.any([signal, live.signal]));
    try {
      for await (const envelope of stream) {
        if (envelope.topic !== marker) this.#tell(eventOf(envelope));
        else if (!live.signal.aborted) {
          live.abort();
          this.#failures = 0;
          this.#tell({ kind: 'resync' });
        }
      }
    } finally {
      attempt.abort();
      await knocking;
    }
  }

  async #knock(topic: string, signal: AbortSignal): Promise<void> {
    const event = { typeUrl: 'oakestra.Subscribed', value: Buffer.alloc(0) };
    while (!signal.aborted) {
      await this.#client.call(EventsDefinition, 'publish', { topic, event }, { signal }).catch(() => undefined);
      await pause(knockMs, signal);
    }
  }

  #tell(event: ContainerdEvent): void {
    if (this.#stop.signal.aborted) return;
    try {
      this.#listener(event);
    } catch (error) {
      // A fault of the listener is a bug: it must surface, and must not be taken for a broken stream.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Doubles from 100 ms to 5 s; the jitter (`random` in 0..1) keeps listeners of one containerd from returning at once. */
export function backoffMs(failures: number, random: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10)) * (0.5 + random / 2);
}

function eventOf({ topic, timestamp, event }: Envelope): ContainerdEvent {
  return { kind: 'event', topic, atMs: timestamp?.getTime(), type: event ? typeName(event) : '', value: event?.value ?? Buffer.alloc(0) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
