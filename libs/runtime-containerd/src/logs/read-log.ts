import { type FSWatcher, watch } from 'node:fs';
import type { LogLine, LogOptions } from '@oak/runtime';
import { LineSplitter } from './line-splitter.ts';
import { type LogStreamName, streamNames } from './log-files.ts';
import { LogSource } from './log-source.ts';

export interface LogWatch {
  readonly dir: string;
  readonly options: LogOptions;
  readonly signal: AbortSignal;
  /** True when the workload writes no more. Asked only when there is nothing to read. */
  readonly isOver: () => Promise<boolean>;
  /** Calls back when `isOver` may have changed, until the returned function is called. */
  readonly onChange: (wake: () => void) => () => void;
}

/** The shim copies what a program left in its pipe a moment after it ended. */
const settleMs = 50;
/** inotify can drop events under load; nobody waits longer than this for a line. */
const longestWaitMs = 2000;

/** Lines of both streams, oldest first in each; between the streams the order is the order of reading. */
export async function* readLog(log: LogWatch): AsyncGenerator<LogLine> {
  log.signal.throwIfAborted();
  const readers = await Promise.all(streamNames.map((stream) => StreamReader.open(log, stream)));
  const bell = new Bell(log);
  try {
    for (let quiet = 0; quiet < 2; ) {
      log.signal.throwIfAborted();
      let found = false;
      for (const reader of readers) {
        for (const line of await reader.next()) yield line;
        found ||= reader.advanced;
      }
      if (found) quiet = 0;
      else if (log.options.follow !== true) break;
      else if (await log.isOver()) {
        quiet++;
        await bell.wait(settleMs);
      } else {
        quiet = 0;
        await bell.wait(longestWaitMs);
      }
    }
    for (const reader of readers) yield* reader.last();
  } finally {
    bell.close();
  }
}

class StreamReader {
  readonly #source: LogSource;
  readonly #stream: LogStreamName;
  readonly #splitter = new LineSplitter();
  #at: number;
  /** The last `next` found bytes. */
  advanced = false;

  private constructor(source: LogSource, stream: LogStreamName, at: number) {
    this.#source = source;
    this.#stream = stream;
    this.#at = at;
  }

  static async open({ dir, options }: LogWatch, stream: LogStreamName): Promise<StreamReader> {
    const source = new LogSource(dir, stream);
    return new StreamReader(source, stream, options.tail === undefined ? 0 : await source.tailStart(options.tail));
  }

  async next(): Promise<LogLine[]> {
    const { from, bytes } = await this.#source.read(this.#at);
    this.advanced = bytes.length > 0;
    this.#at = from + bytes.length;
    return this.#lines(this.#splitter.push(bytes));
  }

  last(): LogLine[] {
    return this.#lines(this.#splitter.flush());
  }

  #lines(texts: readonly string[]): LogLine[] {
    return texts.map((text) => ({ stream: this.#stream, text }));
  }
}

/** Rings when files of the log change, when the workload may have ended, and on abort. */
class Bell {
  readonly #signal: AbortSignal;
  readonly #undo: (() => void)[] = [];
  #rung = false;
  #wake: () => void = () => undefined;

  constructor({ dir, options, signal, onChange }: LogWatch) {
    this.#signal = signal;
    if (options.follow !== true) return;
    const files = watchFolder(dir, this.#ring);
    this.#undo.push(() => files?.close());
    this.#undo.push(onChange(this.#ring));
    signal.addEventListener('abort', this.#ring);
    this.#undo.push(() => signal.removeEventListener('abort', this.#ring));
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  /** Returns at once when it rang since the last wait. */
  async wait(longestMs: number): Promise<void> {
    if (!this.#rung && !this.#signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, longestMs);
      });
      clearTimeout(timer);
    }
    this.#rung = false;
  }

  close(): void {
    for (const undo of this.#undo) undo();
  }
}

/** Without inotify (its watches are used up) the longest wait paces the reader. */
function watchFolder(dir: string, ring: () => void): FSWatcher | undefined {
  try {
    return watch(dir, ring).on('error', ring);
  } catch {
    return undefined;
  }
}
