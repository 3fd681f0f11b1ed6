import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../http/problem.ts';

/** Each costs some 20 MiB and a whole core for a while. */
const atOnce = 2;
const waiting = 64;

/** argon2id, so many at once: who sends guesses slows down guesses, not the rest of this process. */
export class Passwords {
  readonly #queue: (() => void)[] = [];
  #running = 0;
  /** Compared against when there is no such user, so that the time of an answer does not tell. */
  #decoy: string | undefined;

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password));
  }

  /** `known` undefined: takes as long, and is false. */
  verify(known: string | undefined, password: string): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#decoy ??= await hash(randomBytes(16).toString('hex'));
      return await verify(known ?? this.#decoy, password) && known !== undefined;
    });
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#queue.length >= waiting) throw new Problem(503, 'Too many logins', 'more passwords wait to be checked than this root can take; try again in some seconds', [], { 'retry-after': '5' });
    if (this.#running >= atOnce) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running += 1;
    try {
      return await act();
    } finally {
      // The turn goes over to who waits longest.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
