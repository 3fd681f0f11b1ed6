import { Machine } from './machine.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { SimulatedNode } from './simulated-node.ts';
import { SimulatedRoot } from './simulated-root.ts';
import { World } from './world.ts';

export interface InstallationOptions { readonly seed?: number; readonly clusters?: number; /** In each cluster. */ readonly nodes?: number }

/** Root, clusters and nodes as they are, on a bus, disks, runtimes and a clock in memory. */
export class Installation {
  readonly world: World;
  readonly root: SimulatedRoot;
  readonly clusters: readonly SimulatedCluster[];
  readonly nodes: readonly SimulatedNode[];
  readonly #cut = new Set<string>();

  static async open({ seed = 1, clusters = 2, nodes = 2 }: InstallationOptions = {}): Promise<Installation> {
    const made = new Installation(new World(seed), clusters, nodes);
    for (const process of made.processes()) await process.start();
    await made.world.pass(1_000);
    return made;
  }

  private constructor(world: World, clusters: number, nodes: number) {
    this.world = world;
    this.root = new SimulatedRoot(world, 'root', new Machine());
    this.clusters = Array.from({ length: clusters }, (_, at) => new SimulatedCluster(world, `c${at + 1}`, new Machine()));
    this.nodes = this.clusters.flatMap(({ name }) => Array.from({ length: nodes }, (_, at) => new SimulatedNode(world, name, `${name}n${at + 1}`)));
  }

  processes(): (SimulatedRoot | SimulatedCluster | SimulatedNode)[] {
    return [this.root, ...this.clusters, ...this.nodes];
  }

  /** Nobody hears it but those behind it (a cluster keeps its nodes), and nobody notices. */
  cut(name: string): void {
    this.#cut.add(name);
    this.#part();
  }

  heal(name: string): void {
    this.#cut.delete(name);
    this.#part();
  }

  /** Ends all troubles: every wire whole, every process up, no message lost. */
  async mend(): Promise<void> {
    this.#cut.clear();
    this.#part();
    this.world.network.passes = () => true;
    this.world.network.copies = () => [0];
    for (const process of this.processes()) await process.start();
  }

  async close(): Promise<void> {
    for (const process of this.processes().toReversed()) await process.kill();
  }

  #part(): void {
    const behind = (cluster: string): string[] => [cluster, ...this.nodes.filter((node) => node.cluster === cluster && !this.#cut.has(node.name)).map(({ name }) => name)];
    const islands = this.clusters.filter(({ name }) => this.#cut.has(name)).map(({ name }) => behind(name));
    const alone = this.nodes.filter(({ name }) => this.#cut.has(name)).map(({ name }) => [name]);
    this.world.network.part(...islands, ...alone);
  }
}
