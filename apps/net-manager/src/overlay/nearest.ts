import type { Backend } from '@oak/contracts';

/** Where this node is. */
export interface Place {
  readonly cluster: string;
  readonly node: string;
}

/** Those on this node; without any those of this cluster; else all. Equally near ones are all of them. */
export function nearest(backends: readonly Backend[], place: Place | undefined): readonly Backend[] {
  if (!place) return backends;
  const cluster = backends.filter((backend) => backend.cluster === place.cluster);
  const node = cluster.filter((backend) => backend.node === place.node);
  return [node, cluster, backends].find((choice) => choice.length > 0) ?? [];
}
