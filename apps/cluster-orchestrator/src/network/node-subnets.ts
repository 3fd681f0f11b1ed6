import { subnetsOfBlock, type NodeSubnet } from '@oak/addressing';
import { Rejected } from '@oak/messaging';
import { StaleRevision, UniqueViolation, type Collection, type CollectionDefinition, type Document } from '@oak/store';
import { z } from 'zod';

/** Which node has a subnet; the id of the document is its IPv4 range. */
const subnetRecordSchema = z.object({ v6: z.string(), node: z.string(), /** Counts up over all of this cluster. */ number: z.int().nonnegative() });
export type SubnetRecord = z.infer<typeof subnetRecordSchema>;
export const subnetsCollection: CollectionDefinition<SubnetRecord> = {
  name: 'nodeSubnets', parse: (input) => subnetRecordSchema.parse(input), indexes: [{ name: 'node', paths: ['node'] }],
};

const blockRecordSchema = z.object({ v6: z.string(), number: z.int().nonnegative() });
export type BlockRecord = z.infer<typeof blockRecordSchema>;
/** Ranges that root gave to this cluster for good; the id of the document is the IPv4 range. */
export const blocksCollection: CollectionDefinition<BlockRecord> = { name: 'nodeBlocks', parse: (input) => blockRecordSchema.parse(input) };

export interface NodeSubnetsOptions {
  readonly subnets: Collection<SubnetRecord>;
  readonly blocks: Collection<BlockRecord>;
  /** A cluster without a root has these; they are never stored, so that it may join one later. */
  readonly alone?: readonly NodeSubnet[] | undefined;
  /** Given up for good, or for so long that its ranges may go to another when all others are in use. */
  readonly isGone: (node: string) => boolean;
}

/** So few left: ask for another block while there is time. */
const lowWater = 8;
/** As many as a node's messages carry: 976 instances. */
const subnetsMost = 16;

/** The subnets of this cluster's nodes. A node keeps what it got, so that it finds its workloads' addresses valid when it comes back. */
export class NodeSubnets {
  readonly #options: NodeSubnetsOptions;

  constructor(options: NodeSubnetsOptions) {
    this.#options = options;
  }

  /** Oldest first. Those of a time without root, or with another one, do not count. */
  async known(node: string): Promise<NodeSubnet[]> {
    const ours = new Set((await this.#all()).map(({ v4 }) => v4));
    return (await this.#of(node)).filter(({ id }) => ours.has(id)).map(({ id, body }) => ({ v4: id, v6: body.v6 }));
  }

  /** The node's subnets; a free one in addition if it has none yet, or if all it has are full. @throws Rejected 507 with the remedy */
  async of(node: string, full: boolean): Promise<NodeSubnet[]> {
    const had = await this.known(node);
    if (had.length > 0 && !full) return had;
    if (had.length >= subnetsMost) throw new Rejected(507, `node ${node} has ${subnetsMost} subnets already, all in use: spread its instances over more nodes`);
    return [...had, await this.#take(node)];
  }

  /** What root gave; blocks are never taken back. */
  async learn(blocks: readonly NodeSubnet[]): Promise<void> {
    const known = new Set((await this.#options.blocks.list()).map(({ id }) => id));
    const fresh = blocks.filter(({ v4 }) => !known.has(v4));
    await this.#options.blocks.insertMany(fresh.map(({ v4, v6 }, at) => ({ id: v4, body: { v6, number: known.size + at } })));
  }

  /** How many blocks root has given. */
  blocks(): Promise<number> {
    return this.#options.blocks.count();
  }

  /** How many blocks this cluster should have by now. */
  async wanted(): Promise<number> {
    const blocks = await this.#options.blocks.count();
    return await this.left() < lowWater ? blocks + 1 : blocks;
  }

  /** How many subnets nobody has. */
  async left(): Promise<number> {
    const [all, used] = await Promise.all([this.#all(), this.#options.subnets.list()]);
    const taken = new Set(used.map(({ id }) => id));
    return all.filter(({ v4 }) => !taken.has(v4)).length;
  }

  async #take(node: string): Promise<NodeSubnet> {
    for (;;) {
      const used = await this.#options.subnets.list();
      const taken = new Set(used.map(({ id }) => id));
      const all = await this.#all();
      const free = all.find(({ v4 }) => !taken.has(v4));
      const number = Math.max(-1, ...used.map(({ body }) => body.number)) + 1;
      try {
        if (free) { await this.#options.subnets.insert(free.v4, { v6: free.v6, node, number }); return free; }
        const ours = new Set(all.map(({ v4 }) => v4));
        const left = leftBehind(used.filter(({ id }) => ours.has(id)), this.#options.isGone);
        if (!left) throw new Rejected(507, all.length === 0 ? 'this cluster has no ranges for nodes yet: it waits for root' : 'every subnet for nodes is in use: give root larger ranges, or remove nodes that are gone for good');
        await this.#options.subnets.replace(left.id, left.revision, { ...left.body, node, number });
        return { v4: left.id, v6: left.body.v6 };
      } catch (error) {
        // Another request took it: look again.
        if (!(error instanceof UniqueViolation) && !(error instanceof StaleRevision)) throw error;
      }
    }
  }

  async #all(): Promise<NodeSubnet[]> {
    if (this.#options.alone) return this.#options.alone.flatMap(subnetsOfBlock);
    const blocks = (await this.#options.blocks.list()).toSorted((a, b) => a.body.number - b.body.number);
    return blocks.flatMap(({ id, body }) => subnetsOfBlock({ v4: id, v6: body.v6 }));
  }

  async #of(node: string): Promise<Document<SubnetRecord>[]> {
    return (await this.#options.subnets.list({ where: { index: 'node', equals: [node] } })).toSorted((a, b) => a.body.number - b.body.number);
  }
}

/** The one that was given out first among those of nodes that are gone. */
function leftBehind(used: readonly Document<SubnetRecord>[], isGone: (node: string) => boolean): Document<SubnetRecord> | undefined {
  return used.filter(({ body }) => isGone(body.node)).toSorted((a, b) => a.body.number - b.body.number)[0];
}
