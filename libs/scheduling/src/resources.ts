import type { Resources } from '@oak/contracts';

export const resourceNames = ['vcpus', 'memoryMiB', 'storageMiB', 'vgpus'] as const;
export type ResourceName = (typeof resourceNames)[number];

/** Sums of fractions stay equal to what a person would write. */
const MICRO = 1_000_000;
const exact = (value: number): number => Math.round(value * MICRO) / MICRO;

export function minus(from: Resources, taken: Resources): Resources {
  return each((name) => exact(from[name] - taken[name]));
}

/** The sum, but never more than there is in total. */
export function plus(to: Resources, given: Resources, total: Resources): Resources {
  return each((name) => Math.min(total[name], exact(to[name] + given[name])));
}

function each(amount: (name: ResourceName) => number): Resources {
  return { vcpus: amount('vcpus'), memoryMiB: amount('memoryMiB'), storageMiB: amount('storageMiB'), vgpus: amount('vgpus') };
}

/** What needs nothing of a resource gets it even where it is overdrawn. */
export const lacks = (had: Resources, needed: Resources, name: ResourceName): boolean => needed[name] > 0 && needed[name] > had[name];

export const covers = (had: Resources, needed: Resources): boolean => !resourceNames.some((name) => lacks(had, needed, name));
