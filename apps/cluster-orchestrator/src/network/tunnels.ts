import type { NodeNetworkQuestion, SubnetPair, Tunnel } from '@oak/contracts';
import type { Collection, CollectionDefinition } from '@oak/store';
import { z } from 'zod';

export const tunnelPort = 50_103;

/** What a node's net-manager said of itself; the id of the document is the node's name. */
const tunnelRecordSchema = z.object({
  host: z.string().optional(), port: z.int().optional(), publicKey: z.string().optional(), problem: z.string().optional(), encryption: z.string().optional(),
  subnets: z.array(z.object({ v4: z.string(), v6: z.string() })),
});
export type TunnelRecord = z.infer<typeof tunnelRecordSchema>;
export const tunnelsCollection: CollectionDefinition<TunnelRecord> = { name: 'tunnels', parse: (input) => tunnelRecordSchema.parse(input) };

/** Where the nodes' tunnels end. In memory for those who ask often, in the store for the next start. */
export class Tunnels {
  readonly #collection: Collection<TunnelRecord>;
  readonly #known = new Map<string, TunnelRecord>();

  constructor(collection: Collection<TunnelRecord>) {
    this.#collection = collection;
  }

  async load(): Promise<void> {
    for (const { id, body } of await this.#collection.list()) this.#known.set(id, body);
  }

  get(node: string): TunnelRecord | undefined {
    return this.#known.get(node);
  }

  /** Undefined: nobody can reach it, as neither its net-manager nor its node-engine said an address. */
  tunnelOf(node: string, address: string | undefined): Tunnel | undefined {
    const known = this.#known.get(node);
    const host = known?.host ?? address;
    if (!known || host === undefined || known.problem !== undefined) return undefined;
    return { host, port: known.port ?? tunnelPort, subnets: known.subnets, ...(known.publicKey !== undefined && { publicKey: known.publicKey }) };
  }

  /** True: something is different from before. */
  async learn(node: string, { host, port, publicKey, problem, encryption }: NodeNetworkQuestion, subnets: readonly SubnetPair[]): Promise<boolean> {
    const record: TunnelRecord = {
      ...(host !== undefined && { host }), ...(port !== undefined && { port }), ...(publicKey !== undefined && { publicKey }),
      ...(problem !== undefined && { problem }), ...(encryption !== undefined && { encryption }), subnets: [...subnets],
    };
    if (JSON.stringify(this.#known.get(node)) === JSON.stringify(record)) return false;
    if (!await this.#collection.update(node, () => record)) await this.#collection.insert(node, record);
    this.#known.set(node, record);
    return true;
  }
}
