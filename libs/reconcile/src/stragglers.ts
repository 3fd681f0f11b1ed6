import type { Clock } from './ports.ts';

/** What was said longer ago than this has arrived, or never will. */
const underWayMs = 1_000;

/** Who has missed something: a receiver that stands elsewhere than its sender while nothing is under way to it. */
export class Stragglers {
  readonly #clock: Clock;
  readonly #sentAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something was just said to it. */
  told(receiver: string): void {
    this.#sentAt.set(receiver, this.#clock.monotonic());
  }

  /** `differs`: it says that it stands elsewhere. True: tell it everything; it then counts as told. */
  hasMissed(receiver: string, differs: boolean): boolean {
    if (!differs || this.#clock.monotonic() - (this.#sentAt.get(receiver) ?? -Infinity) < underWayMs) return false;
    this.told(receiver);
    return true;
  }
}
