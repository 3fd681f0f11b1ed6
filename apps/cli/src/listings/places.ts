import type { Root } from '../root/root.ts';
import { nameClusters, nameNode, nameNodes, type NamedInstance, type NamedNode } from '../selection/named.ts';
import { pickNode } from '../selection/pick-node.ts';
import { pick } from '../selection/pick.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface PlaceOptions { readonly node?: string; readonly cluster?: string }

/** Nodes of the cluster that `--cluster` means, or of all; `silent`: clusters of these that did not say. */
export async function nodesWithin({ cluster: reference }: PlaceOptions, root: Root): Promise<{ nodes: NamedNode[]; silent: string[] }> {
  const [{ nodes, unreachable }, cluster] = [await root.nodes(), await clusterOf(reference, root)];
  const isMeant = (name: string): boolean => cluster === undefined || name === cluster;
  return { nodes: nameNodes(nodes.filter((node) => isMeant(node.cluster))), silent: unreachable.filter(isMeant) };
}

export function tellSilent(terminal: Terminal, silent: readonly string[]): void {
  for (const cluster of silent) terminal.say(`cluster ${cluster} does not say which nodes it has; see: oak cluster ls`);
}

/** The instances that are where `--cluster` and `--node` say. A node that only instances tell of, as one of a silent cluster, can be meant too. */
export async function instancesWithin(options: PlaceOptions, root: Root, instances: readonly NamedInstance[]): Promise<NamedInstance[]> {
  const cluster = await clusterOf(options.cluster, root);
  const inCluster = instances.filter(({ instance }) => cluster === undefined || instance.cluster === cluster);
  if (options.node === undefined) return inCluster;
  const { nodes, silent } = await nodesWithin(options, root);
  const placed = inCluster.flatMap(({ instance }) => nodeOf(instance) ?? []);
  const { id } = pickNode(options.node, [...new Map([...nodes, ...placed].map((one) => [one.id, one])).values()], silent);
  return inCluster.filter(({ instance }) => nodeOf(instance)?.id === id);
}

const nodeOf = ({ cluster, node }: NamedInstance['instance']) => (cluster && node ? nameNode(cluster, node) : undefined);

async function clusterOf(reference: string | undefined, root: Root): Promise<string | undefined> {
  return reference === undefined ? undefined : pick('cluster', reference, nameClusters(await root.clusters())).name;
}
