import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Root } from '../root.ts';
import type { KnownCluster } from './cluster-registry.ts';

@ApiTags('clusters')
@Controller('api/clusters')
export class ClustersController {
  constructor(@Inject(Root) private readonly root: Root) {}

  @Get()
  @ApiOperation({ summary: 'All clusters with the virtualizations that their nodes can really run' })
  all(): unknown {
    return this.root.clusters.all().map((cluster) => clusterView(cluster, this.root.clusters.lastSeenAtMs(cluster)));
  }

  @Get('active')
  @ApiOperation({ summary: 'The clusters that were heard lately' })
  active(): unknown {
    return this.root.clusters.all().filter((cluster) => cluster.active).map((cluster) => clusterView(cluster, this.root.clusters.lastSeenAtMs(cluster)));
  }
}

/** Percent that is given away: reserved by instances, not measured. */
function share(total: number, free: number): number {
  return total > 0 ? Math.round(10_000 * (total - free) / total) / 100 : 0;
}

/** Oakestra's element of /api/clusters/, with its aliases, and the health of each runtime beside. */
export function clusterView({ id, record: { name, summary }, active, lost }: KnownCluster, lastSeenAtMs: number): Record<string, unknown> {
  const { total, free, nodes, runtimes, csiDrivers, addons, fits } = summary;
  return {
    _id: id, active, lost, active_nodes: nodes.active, candidate_name: name, candidate_location: summary.location, cluster_name: name, cluster_location: summary.location,
    cpu_percent: share(total.vcpus, free.vcpus), aggregated_cpu_percent: share(total.vcpus, free.vcpus), memory_percent: share(total.memoryMiB, free.memoryMiB), cpu_history: [], memory_history: [],
    vcpus: total.vcpus, memory: free.memoryMiB, vgpus: total.vgpus, total_cpu_cores: total.vcpus, memory_in_mb: free.memoryMiB, total_gpu_cores: total.vgpus,
    virtualization: runtimes.filter(({ healthy }) => healthy > 0).map(({ virtualization }) => virtualization),
    runtimes: runtimes.map(({ virtualization, healthy, unhealthy, reasons }) => ({ virtualization, healthy, unhealthy, reasons })),
    nodes, total, free, fits, supported_addons: addons, csi_drivers: csiDrivers,
    last_modified_timestamp: lastSeenAtMs / 1000,
  };
}
