import { backoff, defaultBackoff, type BackoffPolicy } from './backoff.ts';
import type { Cancel, Clock, Random } from './ports.ts';

/** done: nothing more until the next trigger. again: look once more after `afterMs`. */
export type Result = { readonly kind: 'done' } | { readonly kind: 'again'; readonly afterMs: number };

/**
 * `reconcile` brings one key's world closer to what is wanted; it reads everything anew and may be called any number of times.
 * `keys`: all keys, for the slow resync every `resyncMs` (default 60 s), the first at `start`.
 * `concurrency`: passes at once (default 8). `timeoutMs`: aborts a pass (default 60 s); its key stays taken until the pass really ends.
 * `onError`: `attempt` counts failures in a row from 1; `key` is undefined when `keys` itself failed. It must not throw.
 */
export interface LoopOptions<Key> {
  readonly name: string;
  readonly reconcile: (key: Key, signal: AbortSignal) => Promise<Result>;
  readonly keys?: () => Promise<readonly Key[]>;
  readonly resyncMs?: number;
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly backoff?: BackoffPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (key: Key | undefined, error: unknown, attempt: number) => void;
}

/** A pass took longer than the loop allows. */
export class PassTimeout extends Error {
  override readonly name = 'PassTimeout';
}

/** The resync is a key like the others, so it shares their backoff, their timeout and the drain. */
const RESYNC = Symbol('resync');
type LaneKey<Key> = Key | typeof RESYNC;

/** What the loop knows of one key that is waiting, due or in a pass. */
interface Lane {
  phase: 'waiting' | 'due' | 'passing';
  triggered: boolean;
  attempt: number;
  cancelWait: Cancel;
}

/**
 * Level-based: a trigger says only which key to look at. One pass per key at a time; a trigger during a pass causes one more.
 * Passes start in the same turn of the event loop as their trigger, as long as a slot is free. Keys are compared as a Map does.
 */
export class ReconcileLoop<Key> {
  readonly #options: LoopOptions<Key>;
  readonly #lanes = new Map<LaneKey<Key>, Lane>();
  readonly #due = new Set<LaneKey<Key>>();
  readonly #passes = new Map<LaneKey<Key>, { abort: AbortController; ended: Promise<void> }>();
  #slots: number;
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor(options: LoopOptions<Key>) {
    this.#options = options;
    this.#slots = options.concurrency ?? 8;
  }

  /** Also remembers keys before `start`. After `stop` it does nothing. */
  trigger(key: Key): void {
    this.#trigger(key);
  }

  triggerAll(): void {
    if (!this.#options.keys) throw new Error(`${this.#options.name}: cannot trigger all, the loop has no keys()`);
    this.#trigger(RESYNC);
  }

  start(): void {
    if (this.#state !== 'new') throw new Error(`${this.#options.name}: the loop was started before`);
    this.#state = 'started';
    if (this.#options.keys) this.triggerAll();
    this.#pumpSoon();
  }

  /** Starts no more passes, aborts the running ones and resolves when the last has ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    for (const lane of this.#lanes.values()) lane.cancelWait();
    for (const { abort } of this.#passes.values()) abort.abort();
    await Promise.all([...this.#passes.values()].map(({ ended }) => ended));
    this.#lanes.clear();
    this.#due.clear();
  }

  #trigger(key: LaneKey<Key>): void {
    if (this.#state === 'stopped') return;
    const lane = this.#lane(key);
    if (lane.phase === 'passing') lane.triggered = true;
    if (lane.phase === 'waiting') this.#makeDue(key, lane);
  }

  #lane(key: LaneKey<Key>): Lane {
    const lane = this.#lanes.get(key) ?? { phase: 'waiting', triggered: false, attempt: 0, cancelWait: () => undefined };
    this.#lanes.set(key, lane);
    return lane;
  }

  #makeDue(key: LaneKey<Key>, lane: Lane): void {
    lane.cancelWait();
    lane.phase = 'due';
    this.#due.add(key);
    this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#state === 'started') queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    for (const key of this.#due) {
      if (this.#slots === 0 || this.#state !== 'started') return;
      this.#due.delete(key);
      this.#begin(key, this.#lane(key));
    }
  }

  #begin(key: LaneKey<Key>, lane: Lane): void {
    lane.phase = 'passing';
    lane.triggered = false;
    const abort = new AbortController();
    this.#passes.set(key, { abort, ended: this.#pass(key, lane, abort) });
  }

  async #pass(key: LaneKey<Key>, lane: Lane, abort: AbortController): Promise<void> {
    const freeSlot = this.#takeSlot();
    const cancelTimeout = this.#armTimeout(key, lane, abort, freeSlot);
    const waitMs = await this.#attempt(key, lane, abort.signal);
    cancelTimeout();
    this.#passes.delete(key);
    this.#settle(key, lane, waitMs);
    freeSlot();
  }

  /** The undo may come twice: at the timeout, and when the pass ends. */
  #takeSlot(): () => void {
    this.#slots--;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#slots++;
      this.#pumpSoon();
    };
  }

  #armTimeout(key: LaneKey<Key>, lane: Lane, abort: AbortController, freeSlot: () => void): Cancel {
    const { name, clock, timeoutMs = 60_000 } = this.#options;
    return clock.after(timeoutMs, () => {
      const timeout = new PassTimeout(`${name}: the pass for ${String(key)} took longer than ${timeoutMs} ms`);
      abort.abort(timeout);
      this.#report(key, timeout, lane.attempt + 1);
      freeSlot();
    });
  }

  /** Milliseconds until the next pass; undefined for none. */
  async #attempt(key: LaneKey<Key>, lane: Lane, signal: AbortSignal): Promise<number | undefined> {
    const { backoff: policy = defaultBackoff, random } = this.#options;
    try {
      const result = await this.#run(key, signal);
      if (signal.reason instanceof PassTimeout) throw signal.reason;
      lane.attempt = 0;
      return result.kind === 'again' ? result.afterMs : undefined;
    } catch (error) {
      lane.attempt++;
      // The abort was ours: a timeout is reported already, and the end of the loop is no failure.
      if (!signal.aborted) this.#report(key, error, lane.attempt);
      return backoff(lane.attempt, policy, random);
    }
  }

  async #run(key: LaneKey<Key>, signal: AbortSignal): Promise<Result> {
    if (key !== RESYNC) return this.#options.reconcile(key, signal);
    const { keys, resyncMs = 60_000, random } = this.#options;
    for (const each of (await keys?.()) ?? []) this.#trigger(each);
    // Up to a tenth earlier, so that many processes that started together drift apart.
    return { kind: 'again', afterMs: resyncMs * (1 - 0.1 * random.next()) };
  }

  #settle(key: LaneKey<Key>, lane: Lane, waitMs: number | undefined): void {
    lane.phase = 'waiting';
    if (this.#state === 'stopped') return;
    if (lane.triggered) this.#makeDue(key, lane);
    else if (waitMs === undefined) this.#lanes.delete(key);
    else lane.cancelWait = this.#options.clock.after(waitMs, () => this.#makeDue(key, lane));
  }

  #report(key: LaneKey<Key>, error: unknown, attempt: number): void {
    this.#options.onError(key === RESYNC ? undefined : key, error, attempt);
  }
}
