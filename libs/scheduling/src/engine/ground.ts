import type { Demand } from '../demand.ts';
import type { Filter } from '../filter.ts';
import { refuser } from '../filters.ts';
import { requestOf } from '../request.ts';
import { staticFilters } from '../static-filters.ts';
import type { Ledger } from '../usage.ts';
import type { Group } from './group.ts';

/** Those whom one static filter refuses. */
export interface Closed {
  readonly filter: Filter;
  readonly groups: readonly Group[];
  readonly count: number;
  readonly examples: readonly Ledger[];
}

/** How the groups stand to a demand before anyone is asked: all members of a group get the same answer of the static filters, so one speaks for all. */
export interface Ground {
  readonly open: readonly Group[];
  readonly closed: readonly Closed[];
}

const KEPT = 1000;

/** Keeps the answers: few demands differ in what the static filters look at, and placements change nothing of it. */
export class Grounds {
  readonly #known = new Map<string, Ground>();

  /** A candidate came, went, or changed what it is. */
  clear(): void {
    this.#known.clear();
  }

  of(demand: Demand, groups: Iterable<Group>): Ground {
    const key = JSON.stringify([demand.virtualization, demand.archs, demand.privileged, demand.csiDrivers, demand.addons]);
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= KEPT) this.#known.clear();
    const ground = survey(demand, groups);
    this.#known.set(key, ground);
    return ground;
  }
}

function survey(demand: Demand, groups: Iterable<Group>): Ground {
  const request = requestOf(demand, {});
  const open: Group[] = [];
  const closed = new Map<Filter, Group[]>();
  for (const group of groups) {
    group.settle();
    const filter = refuser(group.someone(), request, staticFilters);
    if (filter) closed.set(filter, [...(closed.get(filter) ?? []), group]);
    else open.push(group);
  }
  return { open, closed: Array.from(closed, ([filter, members]) => closedBy(filter, members)) };
}

const EXAMPLES = 3;

function closedBy(filter: Filter, groups: readonly Group[]): Closed {
  return { filter, groups, count: groups.reduce((sum, { size }) => sum + size, 0), examples: examplesOf(groups, () => false) };
}

/** Among them are the three with the smallest ids, without the ones to skip. */
export const examplesOf = (groups: Iterable<Group>, skip: (ledger: Ledger) => boolean): Ledger[] => Array.from(groups).flatMap((group) => group.first(EXAMPLES, skip));
