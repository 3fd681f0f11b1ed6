/** Verbs on one workload run one after another, whoever says them. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for those who came before with this key. A caller that is aborted while it waits leaves the queue in order. */
  async take<T>(key: string, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const before = this.#last.get(key);
    const over = Promise.withResolvers<void>();
    this.#last.set(key, over.promise);
    try {
      if (before) await unlessAborted(before, signal);
      return await use();
    } finally {
      void Promise.resolve(before).then(() => {
        if (this.#last.get(key) === over.promise) this.#last.delete(key);
        over.resolve();
      });
    }
  }

  /** True while somebody has or waits for a turn with this key. */
  has(key: string): boolean {
    return this.#last.has(key);
  }
}

/** The result, or the signal's reason if that comes first. */
export function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
