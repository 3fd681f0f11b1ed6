import type { Candidate } from './candidate.ts';
import type { Filter } from './filter.ts';
import { requestFilters } from './request-filters.ts';
import type { Request } from './request.ts';
import { staticFilters } from './static-filters.ts';
import { usageFilters } from './usage-filters.ts';

/** Cheapest first; the first that refuses gives the reason. */
export const filters: readonly Filter[] = [...requestFilters, ...staticFilters, ...usageFilters];

/** Undefined: the candidate can take it. */
export function refuser(candidate: Candidate, request: Request, among: readonly Filter[] = filters): Filter | undefined {
  for (const filter of among) if (filter.refuses(candidate, request)) return filter;
  return undefined;
}
