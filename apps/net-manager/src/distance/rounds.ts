import type { PeerRoute } from '@oak/contracts';
import type { Cancel, Clock } from '@oak/reconcile';
import { bare, rangeOf } from '../datapath/range.ts';
import { Distances, type DistanceTo, type NodeName } from './distances.ts';
import type { KeptDistances } from './kept-distances.ts';

export interface RoundsOptions {
  /** Nodes whose distance matters. */
  readonly peers: () => readonly PeerRoute[];
  /** See `roundTrip`. */
  readonly measure: (address: string) => Promise<number | undefined>;
  readonly clock: Clock;
  readonly kept: KeptDistances;
  /** Of these the settled distance is another now. */
  readonly onChange: (nodes: ReadonlySet<NodeName>) => void;
}

export const everyMs = 15_000;
const pauseMs = 1_000;
/** The shortest of a few is the line; the others are what machines add. */
const tries = 3;
const atOnce = 8;

/** Measures again and again how far the other nodes are. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #distances: Distances;
  #cancel: Cancel | undefined;
  #running: Promise<void> | undefined;
  #began = -Infinity;
  /** When all are measured anew. */
  #due = -Infinity;
  #stopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#distances = new Distances(options.kept.read());
  }

  readonly to: DistanceTo = (node) => this.#distances.to(node);

  /** There may be nodes that nobody measured yet: they are at once, unless there was a round within a second. The others keep their pace, however often this is called. */
  soon(): void {
    this.#plan(this.#began + pauseMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #plan(at: number): void {
    this.#cancel?.();
    const inMs = Math.max(0, Math.min(at, this.#due) - this.#options.clock.monotonic());
    this.#cancel = this.#stopped ? undefined : this.#options.clock.after(inMs, () => { this.#running = this.#next(this.#running); });
  }

  async #next(before: Promise<void> | undefined): Promise<void> {
    await before;
    if (this.#stopped) return;
    this.#began = this.#options.clock.monotonic();
    const isFull = this.#began >= this.#due;
    if (isFull) this.#due = this.#began + everyMs;
    // Planned first: who asks for a round while this one runs gets one sooner.
    this.#plan(this.#due);
    await this.#round(isFull);
  }

  async #round(isFull: boolean): Promise<void> {
    const all = this.#options.peers();
    const changed = new Set<NodeName>(this.#distances.keep(new Set(all.map(({ id }) => id))));
    const peers = all.filter(({ id }) => isFull || !this.#distances.has(id));
    const lane = async (): Promise<void> => {
      for (let peer = peers.shift(); peer && !this.#stopped; peer = peers.shift()) {
        if (this.#distances.measured(peer.id, await this.#shortest(peer))) changed.add(peer.id);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    if (changed.size === 0 || this.#stopped) return;
    this.#options.kept.write(this.#distances.settled());
    this.#options.onChange(changed);
  }

  async #shortest({ subnets: [first] }: PeerRoute): Promise<number | undefined> {
    if (!first) return undefined;
    const address = bare(rangeOf(first.v4).gateway);
    let shortest: number | undefined;
    for (let n = 0; n < tries; n += 1) {
      const ms = await this.#options.measure(address);
      // Who does not answer once is not asked thrice: each time takes its whole limit.
      if (ms === undefined) return shortest;
      shortest = Math.min(shortest ?? ms, ms);
    }
    return shortest;
  }
}
