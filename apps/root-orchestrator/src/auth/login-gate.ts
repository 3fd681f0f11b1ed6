import { printSubnet, subnetAround } from '@oak/addressing';
import type { Clock } from '@oak/reconcile';
import { Problem } from '../http/problem.ts';

/** `free`: failures that cost nothing. Each one more doubles the wait, up to `longestMs`. */
interface Patience { readonly free: number; readonly longestMs: number }
const firstWaitMs = 1_000;
const forgottenAfterMs = 15 * 60_000;
const mostRemembered = 10_000;

/** A guesser at one account from one place; from one place at any account; at one account from everywhere, which must not lock out its owner for long. */
const patiences = {
  pair: { free: 5, longestMs: 15 * 60_000 },
  address: { free: 50, longestMs: 15 * 60_000 },
  name: { free: 50, longestMs: 30_000 },
} as const satisfies Record<string, Patience>;

interface Record_ { failures: number; lastAt: number }

/** Slows down who guesses passwords. Remembers so many at most: those who failed longest ago are forgotten first. */
export class LoginGate {
  readonly #clock: Clock;
  readonly #failed = new Map<string, Record_>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Problem 429 that says when to come again */
  check(name: string, address: string): void {
    const waitMs = Math.max(...keysOf(name, address).map(([key, patience]) => this.#waitMs(key, patience)));
    if (waitMs <= 0) return;
    const seconds = Math.ceil(waitMs / 1_000);
    throw new Problem(429, 'Too many logins', `too many wrong passwords; try again in ${seconds} s`, [], { 'retry-after': String(seconds) });
  }

  failed(name: string, address: string): void {
    const now = this.#clock.monotonic();
    for (const [key] of keysOf(name, address)) {
      const known = this.#recall(key);
      this.#failed.delete(key);
      this.#failed.set(key, { failures: (known?.failures ?? 0) + 1, lastAt: now });
    }
    for (const key of this.#failed.keys()) {
      if (this.#failed.size <= mostRemembered) return;
      this.#failed.delete(key);
    }
  }

  /** The place keeps its failures: an own account must not buy guesses at others. */
  succeeded(name: string, address: string): void {
    this.#failed.delete(pairKey(name, address));
  }

  get remembered(): number {
    return this.#failed.size;
  }

  #waitMs(key: string, { free, longestMs }: Patience): number {
    const known = this.#recall(key);
    if (!known || known.failures < free) return 0;
    const wait = Math.min(longestMs, firstWaitMs * 2 ** Math.min(30, known.failures - free));
    return known.lastAt + wait - this.#clock.monotonic();
  }

  #recall(key: string): Record_ | undefined {
    const known = this.#failed.get(key);
    return known && this.#clock.monotonic() - known.lastAt < forgottenAfterMs ? known : undefined;
  }
}

const pairKey = (name: string, address: string): string => JSON.stringify([name, placeOf(address)]);

/** Who has one address of IPv6 has 2^64 of them. */
function placeOf(address: string): string {
  const range = address.includes(':') && !address.includes('.') ? subnetAround(address, 64) : undefined;
  return range ? printSubnet(range) : address;
}

function keysOf(name: string, address: string): [string, Patience][] {
  return [[pairKey(name, address), patiences.pair], [JSON.stringify([placeOf(address)]), patiences.address], [JSON.stringify([name, '']), patiences.name]];
}
