import type { LogLine, LogOptions } from '../runtime.ts';

/** Lines of one workload, and those who follow them. */
export class FakeLog {
  readonly #lines: LogLine[] = [];
  #ended = false;
  #wake: (() => void)[] = [];

  add(line: LogLine): void {
    this.#lines.push(line);
    this.#tell();
  }

  /** Runs again after an end: followers of the next life wait for its lines. */
  open(): void {
    this.#ended = false;
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  async *read({ tail, follow }: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const shown = tail === undefined ? [...this.#lines] : lastOfEach(this.#lines, tail);
    let next = this.#lines.length;
    yield* shown;
    while (follow === true) {
      signal.throwIfAborted();
      if (next < this.#lines.length) yield* this.#lines.slice(next, (next = this.#lines.length));
      else if (this.#ended) return;
      else await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function lastOfEach(lines: readonly LogLine[], tail: number): LogLine[] {
  const left = { stdout: tail, stderr: tail };
  return lines.toReversed().filter(({ stream }) => left[stream]-- > 0).reverse();
}
