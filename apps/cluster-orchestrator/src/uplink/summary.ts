import type { ClusterSummary, NodeView, Resources, RuntimeStatus } from '@oak/contracts';

const none: Resources = { vcpus: 0, memoryMiB: 0, storageMiB: 0, vgpus: 0 };
const dimensions = ['vcpus', 'memoryMiB', 'storageMiB', 'vgpus'] as const;
const maxShapes = 8;

export type Offer = Omit<ClusterSummary, 'epoch' | 'sequence' | 'location'>;

/** What a cluster can offer, from its nodes. Only active nodes that are not cordoned count as room. */
export function offerOf(nodes: readonly NodeView[]): Offer {
  const active = nodes.filter((node) => node.state === 'active');
  const open = active.filter((node) => !node.cordoned);
  return {
    nodes: {
      active: active.length, unknown: nodes.filter((node) => node.state === 'unknown').length,
      lost: nodes.filter((node) => node.state === 'lost').length, cordoned: nodes.filter((node) => node.cordoned).length,
    },
    total: sum(active.map((node) => node.description.total)),
    free: sum(open.map((node) => node.free)),
    runtimes: runtimeHealth(active),
    fits: fitsOf(open),
    csiDrivers: distinct(active.flatMap((node) => node.description.csiDrivers)),
    addons: distinct(active.flatMap((node) => node.description.addons)),
  };
}

function runtimeHealth(nodes: readonly NodeView[]): Offer['runtimes'] {
  const health = new Map<string, Offer['runtimes'][number]>();
  for (const node of nodes) {
    for (const [virtualization, { healthy, reason }] of runtimesOf(node)) {
      const sofar = health.get(virtualization) ?? { virtualization, healthy: 0, unhealthy: 0, reasons: [] };
      health.set(virtualization, healthy
        ? { ...sofar, healthy: sofar.healthy + 1 }
        : { ...sofar, unhealthy: sofar.unhealthy + 1, reasons: [...sofar.reasons, { node: node.name, reason: reason ?? 'its probe failed' }].slice(0, 5) });
    }
  }
  return [...health.values()].sort((a, b) => a.virtualization.localeCompare(b.virtualization));
}

/** The names under which a node's runtimes can be asked for. */
function runtimesOf({ runtimes }: NodeView): [string, RuntimeStatus][] {
  return runtimes.flatMap((runtime): [string, RuntimeStatus][] => (runtime.isDefault ? [[runtime.virtualization, runtime], ['docker', runtime]] : [[runtime.virtualization, runtime]]));
}

function fitsOf(nodes: readonly NodeView[]): Offer['fits'] {
  const fits = new Map<string, Offer['fits'][number] & { shapes: Resources[] }>();
  for (const node of nodes) {
    for (const [virtualization, { healthy, capabilities }] of runtimesOf(node)) {
      if (!healthy) continue;
      const { arch, allowsPrivileged } = node.description;
      const privileged = allowsPrivileged === true && capabilities.privileged;
      const key = `${virtualization}/${arch}/${privileged}`;
      const fit = fits.get(key) ?? { virtualization, arch, shapes: [], ...(privileged && { allowsPrivileged: true }) };
      fit.shapes.push(node.free);
      fits.set(key, fit);
    }
  }
  return [...fits].sort(([a], [b]) => a.localeCompare(b)).map(([, fit]) => ({ ...fit, shapes: largest(fit.shapes) }));
}

/** The shapes that no other one covers, at most eight: those with most memory first, since memory decides most. */
export function largest(shapes: readonly Resources[]): Resources[] {
  const sorted = shapes.toSorted((a, b) => b.memoryMiB - a.memoryMiB || b.vcpus - a.vcpus || b.storageMiB - a.storageMiB || b.vgpus - a.vgpus);
  const kept: Resources[] = [];
  for (const shape of sorted) {
    if (kept.length < maxShapes && !kept.some((other) => covers(other, shape))) kept.push(shape);
  }
  return kept;
}

function covers(a: Resources, b: Resources): boolean {
  return dimensions.every((dimension) => a[dimension] >= b[dimension]);
}

function sum(all: readonly Resources[]): Resources {
  return all.reduce((total, one) => ({
    vcpus: total.vcpus + one.vcpus, memoryMiB: total.memoryMiB + one.memoryMiB, storageMiB: total.storageMiB + one.storageMiB, vgpus: total.vgpus + one.vgpus,
  }), none);
}

function distinct(all: readonly string[]): string[] {
  return [...new Set(all)].sort();
}
