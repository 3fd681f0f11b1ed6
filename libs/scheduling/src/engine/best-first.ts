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
  readonly scores: MaxTree;
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
  /** A candidate that fits and has exactly this score. */
  readonly ledger: Ledger | undefined;
}

const isBefore = (a: Step, b: Step): boolean => a.bound > b.bound || (a.bound === b.bound && hasSmallerId(a, b));

/** Within a group the order of leaves is the order of ids, and cheaper to compare. */
function hasSmallerId(a: Step, b: Step): boolean {
  const [one, other] = [a.field.group, b.field.group];
  return one === other ? one.firstLeafBelow(a.node) < one.firstLeafBelow(b.node) : one.firstIdBelow(a.node) < other.firstIdBelow(b.node);
}

/** Walks down from the most promising part until `limit` candidates are certain. No group of `fields` may refuse the demand as a whole. */
export function bestFirst(fields: readonly Field[], request: Request, limit: number): Found {
  const search = new Search(request);
  for (const field of fields) search.enter(field, 1);
  return search.run(limit);
}

class Search {
  readonly #heap = new Heap<Step>(isBefore);
  readonly #request: Request;
  readonly #needs: readonly { readonly resource: number; readonly amount: number }[];
  #missed = 0;

  constructor(request: Request) {
    this.#request = request;
    this.#needs = resourceNames.map((name, resource) => ({ resource, amount: request.demand.resources[name] })).filter(({ amount }) => amount > 0);
  }

  run(limit: number): Found {
    const best: Ledger[] = [];
    while (best.length < limit) {
      const step = this.#heap.pop();
      if (!step) break;
      const certain = step.ledger ?? this.#descend(step);
      if (certain) best.push(certain);
    }
    return { best, missed: this.#missed };
  }

  enter(field: Field, node: number): void {
    const step = this.#stepTo(field, node);
    if (step) this.#heap.push(step);
  }

  /** Goes on below as long as nothing else is more promising: most steps never see the heap. */
  #descend(from: Step): Ledger | undefined {
    let step: Step | undefined = from;
    while (step && step.node < step.field.group.width) {
      const left: Step | undefined = this.#stepTo(step.field, 2 * step.node);
      const right: Step | undefined = this.#stepTo(step.field, 2 * step.node + 1);
      const leftFirst = !right || (left !== undefined && left.bound >= right.bound);
      const other: Step | undefined = leftFirst ? right : left;
      if (other) this.#heap.push(other);
      step = this.#ifNext(leftFirst ? left : right);
    }
    return step && this.#look(step);
  }

  /** The step itself, or nothing when it must wait for its turn. */
  #ifNext(step: Step | undefined): Step | undefined {
    const next = this.#heap.first;
    if (!step || !next || isBefore(step, next)) return step;
    this.#heap.push(step);
    return undefined;
  }

  #stepTo(field: Field, node: number): Step | undefined {
    const bound = field.scores.at(node);
    return bound !== -Infinity && this.#mayFit(field.group, node) ? { field, node, bound, ledger: undefined } : undefined;
  }

  #mayFit(group: Group, node: number): boolean {
    for (const { resource, amount } of this.#needs) if (amount > group.roomBelow(node, resource)) return false;
    return true;
  }

  /** The candidate itself. With less than was promised it must wait for its turn again. */
  #look({ field, node, bound }: Step): Ledger | undefined {
    const ledger = field.group.ledgerAt(node - field.group.width);
    if (!ledger || this.#request.alreadyRefused.has(ledger.id)) return undefined;
    const score = refuser(ledger, this.#request, usageFilters) ? -Infinity : scoreOf(ledger, this.#request.demand);
    if (score === bound) return ledger;
    this.#missed += 1;
    if (score !== -Infinity) this.#heap.push({ field, node, bound: score, ledger });
    return undefined;
  }
}
