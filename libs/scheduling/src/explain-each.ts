import type { Verdict } from '@oak/contracts';
import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import { refuser } from './filters.ts';
import { requestOf, type PlaceOptions } from './request.ts';
import { round, scoreOf } from './score.ts';
import { sayOne } from './sentence.ts';

/** Each candidate's own answer, in the given order: would it take the demand, how well, and why not. */
export function explainEach(demand: Demand, candidates: Iterable<Candidate>, options: PlaceOptions = {}): Verdict[] {
  const request = requestOf(demand, options);
  return Array.from(candidates, (candidate) => {
    const { id, name } = candidate;
    const filter = refuser(candidate, request);
    if (!filter) return { id, name, fits: true, score: round(scoreOf(candidate, demand)) };
    return { id, name, fits: false, reason: filter.reason, text: sayOne(filter, candidate, request) };
  });
}
