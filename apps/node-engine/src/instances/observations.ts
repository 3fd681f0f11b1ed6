import { RuntimeError, type Observed, type RemoveOptions, type Runtime } from '@oak/runtime';

/** What the runtimes have, as last seen. A cache: events and failures make it look again; a failed look is an error, never "nothing there". */
export class Observations {
  readonly #runtimes: () => readonly Runtime[];
  readonly #seen = new Map<string, Observed>();
  #looking: Promise<void> | undefined;
  /** Counts the hints that something changed; a look knows all up to the count at which it began. */
  #changes = 0;
  #listedAt = -1;

  constructor(runtimes: () => readonly Runtime[]) {
    this.#runtimes = runtimes;
  }

  async of(id: string, signal: AbortSignal): Promise<Observed | undefined> {
    await this.#look(signal);
    return this.#seen.get(id);
  }

  async ids(signal: AbortSignal): Promise<string[]> {
    await this.#look(signal);
    return [...this.#seen.keys()];
  }

  /** Somebody says that something changed. */
  changed(): void {
    this.#changes++;
  }

  saw(observed: Observed): void {
    this.#seen.set(observed.id, observed);
  }

  /** Who has it, as last seen; undefined: nobody. */
  runtimeFor(id: string): Runtime | undefined {
    return this.#runtimeOf(id);
  }

  async stop(id: string, graceMs: number, signal: AbortSignal): Promise<void> {
    await this.#runtimeOf(id)?.stop(id, graceMs, signal);
    this.changed();
  }

  /** Also what can not be seen: a start that was cut off, or a removal, may have left files or a snapshot in the runtime that was `told` last. */
  async remove(id: string, told: string | undefined, signal: AbortSignal, options: RemoveOptions = {}): Promise<void> {
    const runtime = this.#runtimeOf(id) ?? this.#runtimes().find((one) => one.virtualization === told);
    if (runtime) await runtime.remove(id, signal, options);
    this.#seen.delete(id);
  }

  #runtimeOf(id: string): Runtime | undefined {
    const observed = this.#seen.get(id);
    if (!observed) return undefined;
    const runtime = this.#runtimes().find((one) => one.virtualization === observed.virtualization);
    if (!runtime) throw new RuntimeError('temporary', `instance ${id} belongs to runtime ${observed.virtualization}, which is not configured on this node any more`);
    return runtime;
  }

  /** All who ask at once share one look; it must have begun after the last change that they know of. */
  async #look(signal: AbortSignal): Promise<void> {
    const wanted = this.#changes;
    while (this.#listedAt < wanted) {
      this.#looking ??= this.#list(signal).finally(() => { this.#looking = undefined; });
      await this.#looking;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const began = this.#changes;
    const lists = await Promise.all(this.#runtimes().map((runtime) => runtime.list(signal)));
    this.#seen.clear();
    for (const observed of lists.flat()) this.#seen.set(observed.id, observed);
    this.#listedAt = began;
  }
}
