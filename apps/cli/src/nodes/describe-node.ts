import { connect } from '../contexts/connect.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { clusterColumns, nodeState, stateOf } from '../listings/columns.ts';
import { nameClusters, nameNodes } from '../selection/named.ts';
import { pickNode } from '../selection/pick-node.ts';
import { pick } from '../selection/pick.ts';
import { printBody } from '../terminal/listing.ts';
import { sheet } from '../terminal/sheet.ts';
import { age, amount, mebibytes, orDash, plain } from '../terminal/words.ts';
import type { Cluster, Node } from '../root/views.ts';

type Describe = Invocation<readonly [name: string]>;

/** `oak node describe NAME` */
export async function describeNode(invocation: Describe): Promise<void> {
  const { world, terminal, options: { output } } = invocation;
  const root = await connect(world, choiceOf(invocation));
  const { nodes, unreachable } = await root.nodes();
  const { name, node } = pickNode(invocation.args[0], nameNodes(nodes), unreachable);
  if (output === 'json' || output === 'yaml') return printBody(terminal, node, output);
  const { description: { hostname, arch, kernel, version, address, total }, free, overlay } = node;
  await terminal.print(sheet([
    ['Node', name], ['State', nodeState(node)], ['Last seen', node.lastSeenAtMs === undefined ? undefined : `${age(world.now() - node.lastSeenAtMs)} ago`],
    ['Machine', plain(`${hostname}, ${arch}, Linux ${kernel}`)], ['Address', address], ['Version', plain(version)],
    ['Free', `${amount(free.vcpus)} of ${amount(total.vcpus)} vCPU, ${mebibytes(free.memoryMiB)} of ${mebibytes(total.memoryMiB)}`], ['Instances', String(node.instances)],
    ['Overlay', overlay && (overlay.problem === undefined ? `takes part, encryption: ${overlay.encryption}` : plain(`does not take part: ${overlay.problem}`))],
    ['Runtimes', node.runtimes.map(runtimeText).join('\n')],
  ]));
}

function runtimeText({ virtualization, healthy, reason, route, isDefault }: Node['runtimes'][number]): string {
  return plain(`${virtualization}${isDefault ? ' (default)' : ''}: ${healthy ? `works, by ${route}` : `does not work: ${reason ?? 'it does not say why'}`}`);
}

/** `oak cluster info NAME` */
export async function describeCluster(invocation: Describe): Promise<void> {
  const { world, terminal, options: { output } } = invocation;
  const root = await connect(world, choiceOf(invocation));
  const named = pick('cluster', invocation.args[0], nameClusters(await root.clusters()));
  if (output === 'json' || output === 'yaml') return printBody(terminal, named.cluster, output);
  const cell = (head: string): string => clusterColumns(world.now()).find((column) => column.head === head)?.cell(named) ?? '';
  await terminal.print(sheet([
    ['Cluster', `${named.name} (${named.id})`], ['State', stateOf(named.cluster)], ['Last seen', `${cell('LAST-SEEN')} ago`], ['Location', orDash(named.cluster.cluster_location)],
    ['Nodes', cell('NODES')], ['Free', cell('FREE')], ['Runtimes', named.cluster.runtimes.map(healthText).join('\n')],
  ]));
}

function healthText({ virtualization, healthy, unhealthy, reasons }: Cluster['runtimes'][number]): string {
  return [`${virtualization}: works on ${healthy}${unhealthy > 0 ? `, not on ${unhealthy}` : ''}`, ...reasons.map(({ node, reason }) => `  ${node}: ${reason}`)].map((line) => line.replace(/\S.*/, plain)).join('\n');
}
