import type { Cancel, Clock } from '@oak/reconcile';

/** A namespace IP, and whose it is. */
export interface Seat {
  readonly address: string;
  /** Id of the backend. */
  readonly backend: string;
}

/** What one change means for connections that are open. */
export interface Moves {
  readonly gone: readonly Seat[];
  readonly came: readonly Seat[];
  /** Namespace IPs of those on this node that might call and may no longer, and of whom. */
  readonly barred?: { readonly callers: readonly string[]; readonly backends: readonly string[] } | undefined;
}

export interface PartingOptions {
  readonly clock: Clock;
  /** How long connections to an instance that takes no more of them may go on. */
  readonly graceMs: number;
  /** Ends all flows from and to these. */
  readonly end: (addresses: readonly string[]) => void;
}

/** Addresses of instances that left their service: open connections end by themselves, and after a grace by us. */
export class Parting {
  readonly #options: PartingOptions;
  /** By address: who had it, and the leave that it waits for. */
  readonly #waiting = new Map<string, { readonly backend: string; readonly leave: object }>();
  readonly #timers = new Set<Cancel>();

  constructor(options: PartingOptions) {
    this.#options = options;
  }

  gone(seats: readonly Seat[]): void {
    if (seats.length === 0) return;
    // One that has left twice waits for the second time to be due.
    const leave = {};
    for (const { address, backend } of seats) this.#waiting.set(address, { backend, leave });
    const cancel = this.#options.clock.after(this.#options.graceMs, () => {
      this.#timers.delete(cancel);
      this.#end(seats.filter(({ address }) => this.#waiting.get(address)?.leave === leave));
    });
    this.#timers.add(cancel);
  }

  /** Who is back keeps its connections. When it is another one that has the address, what is left of the one before ends now, for later it would take the new one's too. */
  came(seats: readonly Seat[]): void {
    this.#end(seats.filter(({ address, backend }) => this.#waiting.has(address) && this.#waiting.get(address)?.backend !== backend));
    for (const { address } of seats) this.#waiting.delete(address);
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#waiting.clear();
  }

  #end(seats: readonly Seat[]): void {
    for (const { address } of seats) this.#waiting.delete(address);
    if (seats.length > 0) this.#options.end(seats.map(({ address }) => address));
  }
}
