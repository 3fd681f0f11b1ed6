import { contains, defaultNodePlan, nodeBlock, nodeBlockCount, parseSubnet, type NodePlan, type NodeSubnet } from '@oak/addressing';
import { UniqueViolation, type Collection, type CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** Who has a block of ranges for nodes; the id of the document is the block's number. */
const blockRecordSchema = z.object({ cluster: z.string() });
export type BlockRecord = z.infer<typeof blockRecordSchema>;
export const blocksCollection: CollectionDefinition<BlockRecord> = {
  name: 'nodeBlocks', parse: (input) => blockRecordSchema.parse(input), indexes: [{ name: 'cluster', paths: ['cluster'] }],
};

/** Ranges of nodes, given to clusters in blocks and for good: a cluster gives its nodes subnets while root is away. */
export class NodeBlocks {
  readonly #collection: Collection<BlockRecord>;
  readonly #plan: NodePlan;
  readonly #known = new Map<string, readonly NodeSubnet[]>();

  constructor(collection: Collection<BlockRecord>, plan: NodePlan = defaultNodePlan) {
    this.#collection = collection;
    this.#plan = plan;
  }

  /** What was given before this start. */
  async load(): Promise<void> {
    const numbers = new Map<string, number[]>();
    for (const { id, body } of await this.#collection.list()) numbers.set(body.cluster, [...numbers.get(body.cluster) ?? [], Number(id)]);
    for (const [cluster, had] of numbers) this.#remember(cluster, had);
  }

  /** Whether an address or a range, as `10.18.0.2` or `10.18.0.0/26`, lies in this cluster's blocks. */
  has(cluster: string, range: string): boolean {
    const address = range.split('/')[0] ?? '';
    return (this.#known.get(cluster) ?? []).some(({ v4, v6 }) => [v4, v6].some((text) => { const block = parseSubnet(text); return block !== undefined && contains(block, address); }));
  }

  /** The cluster's blocks, `wanted` of them if there are so many. */
  async of(cluster: string, wanted: number): Promise<NodeSubnet[]> {
    const had = await this.#collection.list({ where: { index: 'cluster', equals: [cluster] } });
    const numbers = had.map(({ id }) => Number(id));
    const taken = new Set((await this.#collection.list()).map(({ id }) => Number(id)));
    for (let number = 0; number < nodeBlockCount(this.#plan) && numbers.length < wanted; number += 1) {
      if (!taken.has(number) && await this.#take(number, cluster)) numbers.push(number);
    }
    return this.#remember(cluster, numbers);
  }

  #remember(cluster: string, numbers: readonly number[]): NodeSubnet[] {
    const blocks = numbers.flatMap((number) => nodeBlock(number, this.#plan) ?? []);
    this.#known.set(cluster, blocks);
    return blocks;
  }

  async #take(number: number, cluster: string): Promise<boolean> {
    try {
      await this.#collection.insert(String(number).padStart(6, '0'), { cluster });
      return true;
    } catch (error) {
      if (error instanceof UniqueViolation) return false;
      throw error;
    }
  }
}
