import type { LogAnswer, LogLine, LogQuestion } from '@oak/contracts';
import { Rejected } from '@oak/messaging';
import type { Clock } from '@oak/reconcile';

export interface LogSessionsOptions {
  /** The output of an instance; undefined: nobody here has it. */
  readonly open: (id: string, options: { readonly tail?: number; readonly follow: boolean }, signal: AbortSignal) => Promise<AsyncIterable<LogLine> | undefined>;
  readonly clock: Clock;
  readonly newId: () => string;
}

interface Session {
  readonly lines: AsyncIterator<LogLine>;
  readonly stop: AbortController;
  /** Asked for and not there yet: what a reader waits for must not get lost when it stops waiting. */
  next: Promise<IteratorResult<LogLine>> | undefined;
  /** One reader at a time. */
  busy: boolean;
  cancelExpiry: () => void;
}

const waitMs = 2_000;
const idleMs = 15_000;
const maxSessions = 64;
const maxLines = 1_000;
const maxBytes = 256 * 1024;
/** What is said together arrives together. */
const gatherMs = 10;

/** Readers of instances' output. Each asks for the next lines when it wants them, so that a slow one costs nothing; one that stops asking is forgotten. */
export class LogSessions {
  readonly #options: LogSessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: LogSessionsOptions) {
    this.#options = options;
  }

  /** @throws Rejected 404, 409, 410 or 429 */
  async read({ id, session: known, tail, follow }: LogQuestion): Promise<LogAnswer> {
    const key = known ?? await this.#start(id, { ...(tail !== undefined && { tail }), follow });
    const session = this.#sessions.get(key);
    if (!session) throw new Rejected(410, 'this reading has ended; begin a new one');
    if (session.busy) throw new Rejected(409, 'this reading is being continued already');
    session.busy = true;
    session.cancelExpiry();
    try {
      const { lines, ended } = await this.#collect(session);
      if (ended) this.#end(key);
      else session.cancelExpiry = this.#options.clock.after(idleMs, () => { this.#end(key); });
      return ended ? { lines } : { session: key, lines };
    } catch (error) {
      this.#end(key);
      throw error;
    } finally {
      session.busy = false;
    }
  }

  stop(): void {
    for (const key of this.#sessions.keys()) this.#end(key);
  }

  async #start(id: string, options: { readonly tail?: number; readonly follow: boolean }): Promise<string> {
    if (this.#sessions.size >= maxSessions) throw new Rejected(429, `this node has ${maxSessions} readers of output already; try again in a while`);
    const stop = new AbortController();
    const lines = await this.#options.open(id, options, stop.signal);
    if (!lines) throw new Rejected(404, `no instance ${id} here`);
    const key = this.#options.newId();
    this.#sessions.set(key, { lines: lines[Symbol.asyncIterator](), stop, next: undefined, busy: false, cancelExpiry: () => undefined });
    return key;
  }

  /** Waits for the first line, then takes what is there. */
  async #collect(session: Session): Promise<{ lines: LogLine[]; ended: boolean }> {
    const lines: LogLine[] = [];
    for (let bytes = 0; lines.length < maxLines && bytes < maxBytes;) {
      session.next ??= session.lines.next();
      const result = await this.#within(session.next, lines.length === 0 ? waitMs : gatherMs);
      if (!result) return { lines, ended: false };
      session.next = undefined;
      if (result.done === true) return { lines, ended: true };
      const line = { stream: result.value.stream, text: result.value.text.slice(0, 65_536) };
      lines.push(line);
      // As it travels: a control character takes six.
      bytes += Buffer.byteLength(JSON.stringify(line));
    }
    return { lines, ended: false };
  }

  #within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ms, () => { resolve(undefined); });
      promise.then((value) => { cancel(); resolve(value); }, (error: unknown) => { cancel(); reject(error instanceof Error ? error : new Error(String(error))); });
    });
  }

  #end(key: string): void {
    const session = this.#sessions.get(key);
    if (!session) return;
    this.#sessions.delete(key);
    session.cancelExpiry();
    session.stop.abort(new Error('nobody reads any more'));
    // It was aborted, so that is how it ends.
    session.next?.catch(() => undefined);
    session.lines.return?.().catch(() => undefined);
  }
}
