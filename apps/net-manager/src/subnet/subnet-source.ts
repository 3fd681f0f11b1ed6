import type { NodeSubnet } from '@oak/addressing';
import { nodeSubnet } from '@oak/contracts';
import type { Bus } from '@oak/messaging';

/** Who knows which addresses are this node's own. */
export interface SubnetSource {
  subnet(): Promise<NodeSubnet>;
}

/** A node alone: its operator says it. */
export function staticSource(subnet: NodeSubnet): SubnetSource {
  return { subnet: () => Promise.resolve(subnet) };
}

const timeoutMs = 5000;

/** The cluster gives each node one and remembers it. */
export function clusterSource(bus: Bus, cluster: string, node: string): SubnetSource {
  return { subnet: () => bus.request(nodeSubnet, {}, timeoutMs, cluster, node) };
}
