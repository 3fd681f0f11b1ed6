import type { Change } from './document.ts';

type Listener<T> = (change: Change<T>) => void;

/** Hands committed changes to listeners. A listener that writes gets its own change after the others have heard the first one. */
export class ChangeFeed<T> {
  readonly #listeners = new Set<Listener<T>>();
  readonly #queue: Change<T>[] = [];
  readonly #onError: (error: unknown) => void;
  #delivering = false;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  watch(listener: Listener<T>): () => void {
    const own: Listener<T> = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  emit(...changes: Change<T>[]): void {
    if (this.#listeners.size === 0) return;
    this.#queue.push(...changes);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let change = this.#queue.shift(); change; change = this.#queue.shift()) this.#deliver(change);
    this.#delivering = false;
  }

  #deliver(change: Change<T>): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(change);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
