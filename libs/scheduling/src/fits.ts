import type { Resources } from '@oak/contracts';
import type { Candidate, Fit } from './candidate.ts';
import type { Demand } from './demand.ts';
import { covers, lacks, resourceNames } from './resources.ts';

const nothing: Resources = { vcpus: 0, memoryMiB: 0, storageMiB: 0, vgpus: 0 };

export const matches = (fit: Fit, { virtualization, archs, privileged }: Demand): boolean =>
  fit.virtualization === virtualization && fit.shapes.length > 0 && (archs.length === 0 || archs.includes(fit.arch)) && (!privileged || fit.allowsPrivileged === true);

/** Architectures on which the demanded runtime is to be had. */
export function archsFor(candidate: Candidate, { virtualization }: Demand): readonly string[] {
  if (!candidate.fits) return candidate.archs;
  return candidate.fits.filter((fit) => fit.virtualization === virtualization && fit.shapes.length > 0).map(({ arch }) => arch);
}

/** What the candidate has for this demand: its free resources, or the shape of a member that covers it, else the one that lacks least. */
export function roomFor(candidate: Candidate, demand: Demand): Resources {
  if (!candidate.fits) return candidate.free;
  let nearest = nothing;
  let least = Infinity;
  for (const fit of candidate.fits) {
    if (!matches(fit, demand)) continue;
    for (const shape of fit.shapes) {
      const missing = missingShare(shape, demand.resources);
      if (missing >= least) continue;
      nearest = shape;
      least = missing;
    }
  }
  return nearest;
}

function missingShare(had: Resources, needed: Resources): number {
  if (covers(had, needed)) return 0;
  return resourceNames.reduce((sum, name) => sum + (lacks(had, needed, name) ? 1 - had[name] / needed[name] : 0), 0);
}
