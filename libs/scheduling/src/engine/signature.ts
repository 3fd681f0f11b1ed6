import type { Candidate } from '../candidate.ts';

/** All that the static filters look at, and that their texts show. Cheap to compare with what was there before. */
export function factsOf({ name, archs, runtimes, csiDrivers, addons, cordoned, stale, fits }: Candidate): string {
  return JSON.stringify([name, archs, runtimes, csiDrivers, addons, cordoned, stale, fits?.map(({ virtualization, arch, shapes, allowsPrivileged }) => [virtualization, arch, shapes.length > 0, allowsPrivileged])]);
}

/** Equal for candidates to which every static filter gives the same answer. */
export function signatureOf({ archs, runtimes, csiDrivers, addons, cordoned, stale, fits }: Candidate): string {
  if (cordoned) return 'cordoned';
  if (stale) return 'stale';
  const states = Object.entries(runtimes).map(([virtualization, { available, allowsPrivileged = false }]) => `${virtualization}=${available},${allowsPrivileged}`);
  const machines = fits?.filter(({ shapes }) => shapes.length > 0).map(({ virtualization, arch, allowsPrivileged = false }) => `${virtualization}@${arch},${allowsPrivileged}`);
  return JSON.stringify([sorted(states), sorted(archs), sorted(csiDrivers), sorted(addons), machines ? sorted(machines) : 'node']);
}

const sorted = (names: readonly string[]): string[] => [...names].sort();
