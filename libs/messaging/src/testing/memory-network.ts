import { InvalidMessage } from '../bus-error.ts';
import type { BusLog } from '../bus.ts';
import type { Outcome } from '../intake.ts';
import { MemoryBus } from './memory-bus.ts';

/** One message on its way between two buses. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly kind: 'event' | 'request' | 'reply';
}

/** `after`: a timer, for answers that never come. Give the fake clock's. `log`: default writes errors of handlers to stderr. */
export interface NetworkOptions {
  readonly after?: (ms: number, run: () => void) => () => void;
  readonly maxBytes?: number;
  readonly log?: BusLog;
}

/** A subscription as the network sees it. Exactly one of `event` and `request` is there. */
export interface Listener {
  readonly owner: MemoryBus;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly event?: (subject: string, text: string) => void;
  readonly request?: (subject: string, text: string) => Promise<Outcome>;
}

/** All buses of one process. It can part, cut and lose, so that a simulation meets what a real network does. */
export class MemoryNetwork {
  readonly after: (ms: number, run: () => void) => () => void;
  readonly maxBytes: number;
  readonly #log: BusLog;
  readonly #buses = new Map<string, MemoryBus>();
  readonly #listeners = new Set<Listener>();
  readonly #turns = new Map<string, number>();
  #islands: readonly ReadonlySet<string>[] = [];
  /** Asked for every message; false loses it. */
  passes: (passage: Passage) => boolean = () => true;
  /** Asked for every event and request that passes: when each copy of it arrives, in milliseconds from now. More than one copies it, unequal ones let others overtake it. */
  copies: (passage: Passage) => readonly number[] = () => [0];

  constructor({ after = realAfter, maxBytes = 1024 * 1024, log = stderrLog }: NetworkOptions = {}) {
    this.after = after;
    this.maxBytes = maxBytes;
    this.#log = log;
  }

  /** `name`: any, but one of its own for each bus that is open. */
  connect(name: string): MemoryBus {
    if (this.#buses.has(name)) throw new InvalidMessage(`a bus named ${JSON.stringify(name)} is open already`);
    const bus = new MemoryBus(this, name, this.#log);
    this.#buses.set(name, bus);
    return bus;
  }

  /** Each group hears itself only; names in no group hear each other. Nobody notices: their own server is still there. */
  part(...groups: readonly (readonly string[])[]): void {
    this.#islands = groups.map((group) => new Set(group));
  }

  heal(): void {
    this.#islands = [];
  }

  /** The connection itself breaks, and its owner notices. */
  cut(name: string): void {
    this.#buses.get(name)?.cut();
  }

  restore(name: string): void {
    this.#buses.get(name)?.restore();
  }

  forget(name: string): void {
    this.#buses.delete(name);
  }

  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Who gets it: every plain listener, and one of each queue in turn. */
  receivers(from: string, subject: string, kind: 'event' | 'request'): Listener[] {
    const reachable = [...this.#listeners].filter((listener) => listener[kind] && matches(listener.subject, subject) && listener.owner.status() === 'connected' && this.together(from, listener.owner.name));
    const queues = new Map<string, Listener[]>();
    for (const listener of reachable) if (listener.queue !== undefined) queues.set(listener.queue, [...(queues.get(listener.queue) ?? []), listener]);
    const chosen = [...queues].map(([queue, members]) => members[this.#turn(`${queue} ${subject}`) % members.length]);
    return [...reachable.filter(({ queue }) => queue === undefined), ...chosen.filter((listener) => listener !== undefined)];
  }

  together(one: string, other: string): boolean {
    return this.#island(one) === this.#island(other);
  }

  /** Hands a message over as often and as late as `copies` says. */
  carry(passage: Passage, hand: () => void): void {
    for (const ms of this.copies(passage)) {
      if (ms === 0) queueMicrotask(hand);
      else this.after(ms, hand);
    }
  }

  #island(name: string): number {
    return this.#islands.findIndex((island) => island.has(name));
  }

  #turn(key: string): number {
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return turn;
  }
}

function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split('.'), subject.split('.')];
  return wanted.length === given.length && wanted.every((token, nth) => token === '*' || token === given[nth]);
}

function realAfter(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => { clearTimeout(timer); };
}

const stderrLog: BusLog = { log: () => undefined, warn: () => undefined, error: (message, error) => { console.error(message, error ?? ''); } };
