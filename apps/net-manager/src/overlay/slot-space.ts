import { createHash } from 'node:crypto';

export interface SlotRange {
  readonly offset: number;
  readonly capacity: number;
}

/** The kernel walks all users of one map for each further one, so the slots of many services are spread over many maps. */
export const shardCount = 32;

export function shardOf(serviceId: string): number {
  return createHash('sha256').update(serviceId).digest().readUInt32BE() % shardCount;
}

/** Which numbers of a shard's maps belong to which chain. A range stays as it is while it is large enough, so that a change moves few slots. */
export class SlotSpace {
  readonly #ranges = new Map<string, SlotRange>();
  readonly #shards = Array.from({ length: shardCount }, () => new Map<number, SlotRange>());

  /** Believes what the kernel has, so that a restart moves nothing. False: it overlaps with another. */
  adopt(owner: string, shard: number, offset: number, slots: number): boolean {
    const range = { offset, capacity: capacityFor(slots) };
    const taken = [...this.#shard(shard).values()].some((other) => range.offset < other.offset + other.capacity && other.offset < range.offset + range.capacity);
    if (!taken && !this.#ranges.has(owner)) this.#hold(owner, shard, range);
    return !taken;
  }

  /** First number of the owner's range, which holds at least `slots`. */
  reserve(owner: string, shard: number, slots: number): number {
    const known = this.#ranges.get(owner);
    if (known && known.capacity >= slots && known.capacity <= 4 * capacityFor(slots)) return known.offset;
    this.release(owner, shard);
    const range = { offset: this.#gap(shard, capacityFor(slots)), capacity: capacityFor(slots) };
    this.#hold(owner, shard, range);
    return range.offset;
  }

  release(owner: string, shard: number): void {
    const range = this.#ranges.get(owner);
    if (range) this.#shard(shard).delete(range.offset);
    this.#ranges.delete(owner);
  }

  #hold(owner: string, shard: number, range: SlotRange): void {
    this.#ranges.set(owner, range);
    this.#shard(shard).set(range.offset, range);
  }

  /** The lowest number from which enough are free. */
  #gap(shard: number, capacity: number): number {
    let from = 0;
    for (const { offset, capacity: held } of [...this.#shard(shard).values()].sort((a, b) => a.offset - b.offset)) {
      if (offset - from >= capacity) break;
      from = offset + held;
    }
    return from;
  }

  #shard(shard: number): Map<number, SlotRange> {
    const ranges = this.#shards[shard];
    if (!ranges) throw new RangeError(`shard ${shard}: not in 0..${shardCount - 1}`);
    return ranges;
  }
}

function capacityFor(slots: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, slots)));
}
