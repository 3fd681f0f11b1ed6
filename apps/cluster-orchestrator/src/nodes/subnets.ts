import { nextSubnetIndex, nodeSubnet } from '@oak/addressing';
import { Rejected } from '@oak/messaging';
import { UniqueViolation, type Collection } from '@oak/store';
import type { SubnetRecord } from './node-record.ts';

/** One subnet per node, for good: a node that comes back finds its workloads' addresses valid. */
export class Subnets {
  readonly #collection: Collection<SubnetRecord>;

  constructor(collection: Collection<SubnetRecord>) {
    this.#collection = collection;
  }

  async known(node: string): Promise<{ v4: string; v6: string } | undefined> {
    const document = await this.#collection.get(node);
    return document && nodeSubnet(document.body.index);
  }

  /** The node's subnet; a free one if it has none yet. */
  async of(node: string): Promise<{ v4: string; v6: string }> {
    for (;;) {
      const known = await this.known(node);
      if (known) return known;
      const taken = new Set((await this.#collection.list()).map(({ body }) => body.index));
      const index = nextSubnetIndex(taken);
      if (index === undefined) throw new Rejected(507, 'every subnet for nodes is taken: remove nodes that are gone for good');
      try {
        await this.#collection.insert(node, { index });
      } catch (error) {
        // Another request took the index, or this node's record is there now: look again.
        if (!(error instanceof UniqueViolation)) throw error;
      }
    }
  }
}
