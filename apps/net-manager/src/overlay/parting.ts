import type { Cancel, Clock } from '@oak/reconcile';

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
  readonly #waiting = new Map<string, Cancel>();

  constructor(options: PartingOptions) {
    this.#options = options;
  }

  gone(addresses: readonly string[]): void {
    const due = this.#options.clock.after(this.#options.graceMs, () => {
      // One that has left twice waits for the second time to be due.
      const ended = addresses.filter((address) => this.#waiting.get(address) === due && this.#waiting.delete(address));
      if (ended.length > 0) this.#options.end(ended);
    });
    for (const address of addresses) this.#waiting.set(address, due);
  }

  /** Somebody has the address again: what is left of the one before ends now, for later it would take the new one's too. */
  came(addresses: readonly string[]): void {
    const back = addresses.filter((address) => this.#waiting.delete(address));
    if (back.length > 0) this.#options.end(back);
  }

  stop(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
