interface Shared<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** One run for any number of callers with the same key. A caller that goes away leaves it to the others; when the last one leaves, it is aborted. */
export class SharedCalls<T> {
  readonly #running = new Map<string, Shared<T>>();

  async join(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const shared = this.#running.get(key) ?? this.#begin(key, run);
    shared.callers++;
    try {
      return await abortable(shared.result, signal);
    } finally {
      shared.callers--;
      if (shared.callers === 0) this.#leave(key, shared, signal);
    }
  }

  has(key: string): boolean {
    return this.#running.has(key);
  }

  #begin(key: string, run: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const abort = new AbortController();
    const shared: Shared<T> = { abort, callers: 0, result: run(abort.signal).finally(() => this.#forget(key, shared)) };
    this.#running.set(key, shared);
    return shared;
  }

  #leave(key: string, shared: Shared<T>, signal: AbortSignal): void {
    this.#forget(key, shared);
    // Whoever comes now begins anew; nobody is left to hear how the old one ends.
    shared.result.catch(() => undefined);
    shared.abort.abort(signal.reason);
  }

  #forget(key: string, shared: Shared<T>): void {
    if (this.#running.get(key) === shared) this.#running.delete(key);
  }
}

/** The result, or the signal's reason if that comes first. */
function abortable<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
