interface Entry<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Many callers, few runs: what arrives while a run is under way goes into the next one together. A failed run fails all of its items. */
export function batched<T>(run: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  let waiting: Entry<T>[] = [];
  let running = false;
  const drain = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0);
      await run(batch.map(({ item }) => item)).then(
        () => { for (const { resolve } of batch) resolve(); },
        (error: unknown) => { for (const { reject } of batch) reject(error); },
      );
    }
    running = false;
  };
  return (item) => new Promise((resolve, reject) => {
    waiting = [...waiting, { item, resolve, reject }];
    if (!running) void drain();
  });
}
