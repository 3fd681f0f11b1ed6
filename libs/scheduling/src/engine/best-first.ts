import { refuser } from '../filters.ts';
import type { Request } from '../request.ts';
import { resourceNames } from '../resources.ts';
import { scoreOf } from '../score.ts';
import type { Ledger } from '../usage.ts';
import { usageFilters } from '../usage-filters.ts';
import type { Group } from './group.ts';
import { Heap } from './heap.ts';
import type { MaxTree } from './max-tree.ts';

export interface Field {
  readonly group: Group;
  /** Exact scores of this demand, if they are kept; else the group's common ones, which may promise too much. */
  readonly scores?: MaxTree;
}

export interface Found {
  /** Best first, equal scores by id. */
  readonly best: readonly Ledger[];
  /** How many candidates looked better than they were. */
  readonly missed: number;
}

interface Step {
  readonly field: Field;
  readonly node: number;
  /** No candidate below scores higher. */
  readonly bound: number;
  readonly firstId: string;
  /** A candidate that fits and has exactly this score. */
  readonly ledger?: Ledger;
}

const isBefore = (a: Step, b: Step): boolean => a.bound > b.bound || (a.bound === b.bound && a.firstId < b.firstId);

/** Walks down from the most promising part until `limit` candidates are certain. Groups hold no static refusal of this demand. */
export function bestFirst(fields: readonly Field[], request: Request, limit: number): Found {
  const search = new Search(request);
  for (const field of fields) search.enter(field, 1);
  return search.run(limit);
}

class Search {
  readonly #heap = new Heap<Step>(isBefore);
  readonly #request: Request;
  #missed = 0;

  constructor(request: Request) {
    this.#request = request;
  }

  run(limit: number): Found {
    const best: Ledger[] = [];
    for (let step = this.#heap.pop(); step && best.length < limit; step = this.#heap.pop()) {
      if (step.ledger) best.push(step.ledger);
      else if (step.node >= step.field.group.width) this.#look(step);
      else for (const child of [2 * step.node, 2 * step.node + 1]) this.enter(step.field, child);
    }
    return { best, missed: this.#missed };
  }

  enter(field: Field, node: number): void {
    const { group, scores } = field;
    const bound = scores ? scores.at(node) : group.scoreBelow(node);
    if (bound === -Infinity || !this.#mayFit(group, node)) return;
    this.#heap.push({ field, node, bound, firstId: group.firstIdBelow(node) });
  }

  #mayFit(group: Group, node: number): boolean {
    const { resources } = this.#request.demand;
    return resourceNames.every((name, index) => resources[name] === 0 || resources[name] <= group.roomBelow(node, index));
  }

  /** The candidate itself: it comes again with its own score, unless that is no less than promised. */
  #look(step: Step): void {
    const { field: { group }, node, bound } = step;
    const ledger = group.ledgerAt(node - group.width);
    if (!ledger || this.#request.alreadyRefused.has(ledger.id)) return;
    if (refuser(ledger, this.#request, usageFilters)) return void (this.#missed += 1);
    const score = scoreOf(ledger, this.#request.demand);
    if (score < bound) this.#missed += 1;
    this.#heap.push({ ...step, bound: score, ledger });
  }
}
