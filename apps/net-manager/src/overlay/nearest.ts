import type { Backend } from '@oak/contracts';
import { marginOf, type DistanceTo } from '../distance/distances.ts';

/** Where this node is. */
export interface Place {
  readonly cluster: string;
  readonly node: string;
}

/** Those on this node; without any those of this cluster; else all. Of several nodes those to which packets take the shortest time; equally near ones are all of them. */
export function nearest(backends: readonly Backend[], place: Place | undefined, distanceTo: DistanceTo): readonly Backend[] {
  if (!place) return backends;
  const cluster = backends.filter((backend) => backend.cluster === place.cluster);
  const node = cluster.filter((backend) => backend.node === place.node);
  if (node.length > 0) return node;
  return shortest(cluster.length > 0 ? cluster : backends, distanceTo);
}

/** Of nodes that nobody could measure none is nearer than another, but one that answered is nearer than they. */
function shortest(backends: readonly Backend[], distanceTo: DistanceTo): readonly Backend[] {
  const far = (backend: Backend): number => distanceTo(nodeNameOf(backend)) ?? Infinity;
  const best = Math.min(...backends.map(far));
  return best === Infinity ? backends : backends.filter((backend) => far(backend) <= best + marginOf(best));
}

export const nodeNameOf = ({ cluster, node }: Place): string => `${cluster}/${node}`;
