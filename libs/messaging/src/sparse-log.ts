import { oneLine } from './faults.ts';

/** Keys that are told apart; what a stranger can choose must not fill memory. */
const maxKeys = 1_000;

/** Says the 1st, 10th, 100th, ... of a kind: a broken or hostile sender can not flood the log, and goes on being seen. */
export class SparseLog {
  readonly #warn: (text: string) => void;
  readonly #counts = new Map<string, number>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  say(key: string, text: string): void {
    const known = this.#counts.has(key) || this.#counts.size < maxKeys ? key : 'others';
    const count = (this.#counts.get(known) ?? 0) + 1;
    this.#counts.set(known, count);
    if (!/^10*$/.test(String(count))) return;
    this.#warn(`${oneLine(text)}${count === 1 ? '' : ` (${count} of this kind so far)`}`);
  }
}
