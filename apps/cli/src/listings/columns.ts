import type { Colour } from '../terminal/terminal.ts';
import type { Column } from '../terminal/listing.ts';
import { age, amount, mebibytes, milliseconds, orDash, plain, since } from '../terminal/words.ts';
import type { Instance, Node, Service } from '../root/views.ts';
import type { NamedApplication, NamedCluster, NamedInstance, NamedNode, NamedService } from '../selection/named.ts';

const good = ['RUNNING', 'COMPLETED'];
const onTheWay = ['REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED', 'CREATING', 'CREATED'];

export function statusColour(status: string): Colour {
  return good.includes(status) ? 'green' : onTheWay.includes(status) ? 'yellow' : 'red';
}

export const statusOf = ({ status, stopping }: Instance): string => (stopping ? `${plain(status)} (stopping)` : plain(status));
export const isGood = ({ status }: Pick<Instance, 'status'>): boolean => good.includes(status);

/** `2/3 running`, and what the others are. */
export function summary({ instance_list: instances }: Service): string {
  return instances.length === 0 ? 'no instances' : `${instances.filter(isGood).length}/${instances.length} running`;
}

export const applicationColumns: readonly Column<NamedApplication>[] = [
  { head: 'APPLICATION', cell: ({ name }) => name },
  { head: 'NAMESPACE', cell: ({ application }) => application.application_namespace },
  { head: 'SERVICES', cell: ({ application }) => String(application.microservices.length) },
  { head: 'DESCRIPTION', cell: ({ application }) => orDash(application.application_desc) },
  { head: 'POLICY', wide: true, cell: ({ application }) => orDash(application.network_policy) },
  { head: 'OWNER', wide: true, cell: ({ application }) => orDash(application.userId) },
  { head: 'ID', wide: true, cell: ({ id }) => id },
];

export const serviceColumns: readonly Column<NamedService>[] = [
  { head: 'SERVICE', cell: ({ name }) => name },
  { head: 'RUNTIME', cell: ({ service }) => orDash(service.virtualization) },
  { head: 'INSTANCES', cell: ({ service }) => summary(service), colour: ({ service }) => (service.instance_list.length === 0 ? 'dim' : service.instance_list.every(isGood) ? 'green' : 'yellow') },
  { head: 'ADDRESS', cell: ({ service }) => orDash(service.RR_ip) },
  { head: 'PORTS', cell: ({ service }) => orDash(service.port) },
  { head: 'VCPUS', wide: true, cell: ({ service }) => amount(service.vcpus) },
  { head: 'MEMORY', wide: true, cell: ({ service }) => mebibytes(service.memory) },
  { head: 'ADDRESS6', wide: true, cell: ({ service }) => orDash(service.RR_ip_v6) },
  { head: 'IMAGE', wide: true, cell: ({ service }) => orDash(service.code) },
  { head: 'ID', wide: true, cell: ({ id }) => id },
];

export const instanceColumns = (now: number): readonly Column<NamedInstance>[] => [
  { head: 'INSTANCE', cell: ({ name }) => name },
  // Before it has a node, what was asked for.
  { head: 'RUNTIME', cell: ({ instance, service }) => orDash(instance.virtualization ?? service.virtualization) },
  { head: 'STATUS', cell: ({ instance }) => statusOf(instance), colour: ({ instance }) => statusColour(instance.status) },
  { head: 'NODE', cell: ({ instance }) => orDash(instance.node) },
  { head: 'ADDRESS', cell: ({ instance }) => orDash(instance.instance_ip) },
  { head: 'STARTUP', cell: ({ instance }) => milliseconds(instance.phases_ms?.['total']) },
  { head: 'RESTARTS', cell: ({ instance }) => String(instance.restarts) },
  { head: 'AGE', cell: ({ instance }) => since(now, instance.created_at) },
  { head: 'CLUSTER', wide: true, cell: ({ instance }) => orDash(instance.cluster) },
  { head: 'ROUTE', wide: true, cell: ({ instance }) => orDash(instance.route) },
  { head: 'ADDRESS6', wide: true, cell: ({ instance }) => orDash(instance.instance_ip_v6) },
  { head: 'NAMESPACE-IP', wide: true, cell: ({ instance }) => orDash(instance.namespace_ip) },
  { head: 'ID', wide: true, cell: ({ id }) => id },
  { head: 'DETAIL', wide: true, cell: ({ instance }) => orDash(instance.status_detail) },
];

export const clusterColumns = (now: number): readonly Column<NamedCluster>[] => [
  { head: 'CLUSTER', cell: ({ name }) => name },
  { head: 'STATE', cell: ({ cluster }) => stateOf(cluster), colour: ({ cluster }) => (cluster.active ? 'green' : 'red') },
  { head: 'NODES', cell: ({ cluster: { nodes } }) => nodeCount(nodes) },
  { head: 'RUNTIMES', cell: ({ cluster }) => orDash(cluster.virtualization.join(',')) },
  { head: 'FREE', cell: ({ cluster: { free, total } }) => `${amount(free.vcpus)}/${amount(total.vcpus)} vCPU, ${mebibytes(free.memoryMiB)}` },
  { head: 'LAST-SEEN', cell: ({ cluster }) => since(now, cluster.last_modified_timestamp) },
  { head: 'LOCATION', wide: true, cell: ({ cluster }) => orDash(cluster.cluster_location) },
  { head: 'ID', wide: true, cell: ({ id }) => id },
];

export const stateOf = ({ active, lost }: { readonly active: boolean; readonly lost: boolean }): string => (active ? 'active' : lost ? 'lost' : 'silent');

function nodeCount({ active, unknown, lost, cordoned }: { readonly active: number; readonly unknown: number; readonly lost: number; readonly cordoned: number }): string {
  const others = [[unknown, 'unknown'], [lost, 'lost'], [cordoned, 'cordoned']] as const;
  return [`${active}`, ...others.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)].join(', ');
}

export const nodeColumns = (now: number): readonly Column<NamedNode>[] => [
  { head: 'NODE', cell: ({ name }) => name },
  { head: 'STATE', cell: ({ node }) => nodeState(node), colour: ({ node }) => (node.state === 'active' ? (node.cordoned ? 'yellow' : 'green') : 'red') },
  { head: 'ARCH', cell: ({ node }) => node.description.arch },
  { head: 'RUNTIMES', cell: ({ node }) => orDash(node.runtimes.filter(({ healthy }) => healthy).map(({ virtualization }) => virtualization).join(',')) },
  { head: 'INSTANCES', cell: ({ node }) => String(node.instances) },
  { head: 'FREE', cell: ({ node: { free, description: { total } } }) => `${amount(free.vcpus)}/${amount(total.vcpus)} vCPU, ${mebibytes(free.memoryMiB)}` },
  { head: 'LAST-SEEN', cell: ({ node }) => (node.lastSeenAtMs === undefined ? '-' : age(now - node.lastSeenAtMs)) },
  { head: 'ADDRESS', wide: true, cell: ({ node }) => orDash(node.description.address) },
  { head: 'KERNEL', wide: true, cell: ({ node }) => orDash(node.description.kernel) },
  { head: 'OVERLAY', wide: true, cell: ({ node }) => orDash(node.overlay?.problem ?? node.overlay?.encryption) },
  { head: 'VERSION', wide: true, cell: ({ node }) => orDash(node.description.version) },
];

export const nodeState = ({ state, cordoned }: Node): string => (cordoned ? `${state}, cordoned` : state);

export interface NamedRuntime { readonly node: NamedNode; readonly runtime: Node['runtimes'][number] }
export const runtimeColumns: readonly Column<NamedRuntime>[] = [
  { head: 'RUNTIME', cell: ({ runtime }) => (runtime.isDefault ? `${plain(runtime.virtualization)} (default)` : plain(runtime.virtualization)) },
  { head: 'NODE', cell: ({ node }) => node.name },
  { head: 'STATE', cell: ({ runtime }) => (runtime.healthy ? 'works' : 'unhealthy'), colour: ({ runtime }) => (runtime.healthy ? 'green' : 'red') },
  { head: 'PROBE', cell: ({ runtime }) => milliseconds(runtime.probeMs) },
  { head: 'REASON', cell: ({ runtime }) => orDash(runtime.reason) },
  { head: 'ROUTE', wide: true, cell: ({ runtime }) => orDash(runtime.route) },
  { head: 'VERSION', wide: true, cell: ({ runtime }) => orDash(runtime.version) },
];
