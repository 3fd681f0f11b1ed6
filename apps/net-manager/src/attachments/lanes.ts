/** One after another for the same key; different keys run beside each other. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(key: string, run: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(run);
    const settled = result.then(() => undefined, () => undefined).finally(() => { if (this.#last.get(key) === settled) this.#last.delete(key); });
    this.#last.set(key, settled);
    return result;
  }
}
