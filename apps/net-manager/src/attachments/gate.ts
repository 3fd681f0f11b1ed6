const settle = (): undefined => undefined;

/** Many may pass together, or one alone; nobody overtakes who came before. */
export class Gate {
  #barrier: Promise<unknown> = Promise.resolve();
  readonly #passing = new Set<Promise<unknown>>();

  shared<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#barrier.then(run);
    const passed = result.then(settle, settle).finally(() => this.#passing.delete(passed));
    this.#passing.add(passed);
    return result;
  }

  alone<T>(run: () => Promise<T>): Promise<T> {
    const result = Promise.all([this.#barrier, ...this.#passing]).then(run);
    this.#barrier = result.then(settle, settle);
    return result;
  }
}
