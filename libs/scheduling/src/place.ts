import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import { requestOf, type PlaceOptions } from './request.ts';
import { Tally, type Decision } from './tally.ts';

/**
 * Chooses who takes one instance: filters, then the best score, equal scores by id. Pure; reserves nothing.
 * It asks everyone, so the explanation is complete. `PlacementIndex` gives the same answers among many candidates.
 */
export function place(demand: Demand, candidates: Iterable<Candidate>, options: PlaceOptions = {}): Decision {
  const tally = new Tally(requestOf(demand, options));
  for (const candidate of candidates) tally.ask(candidate);
  return tally.decision();
}
