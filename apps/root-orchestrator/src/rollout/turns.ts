/** One after the other for each key; other keys go beside it. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(act, act);
    this.#last.set(key, turn);
    const clear = (): void => { if (this.#last.get(key) === turn) this.#last.delete(key); };
    turn.then(clear, clear);
    return turn;
  }
}
