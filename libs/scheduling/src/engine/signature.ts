import type { Candidate } from '../candidate.ts';

/** Equal for candidates to which every static filter gives the same answer. What fits on a cluster changes with placements, so each cluster is its own. */
export function signatureOf({ id, archs, runtimes, csiDrivers, addons, cordoned, stale, fits }: Candidate): string {
  const states = Object.entries(runtimes).map(([virtualization, { available }]) => `${virtualization}=${available}`);
  return JSON.stringify([fits && id, cordoned, stale, sorted(states), sorted(archs), sorted(csiDrivers), sorted(addons)]);
}

const sorted = (names: readonly string[]): string[] => [...names].sort();
