import { refuser } from '../filters.ts';
import { requestOf, type Request } from '../request.ts';
import { scoreOf } from '../score.ts';
import type { Ledger } from '../usage.ts';
import { usageFilters } from '../usage-filters.ts';
import type { Group } from './group.ts';
import { MaxTree } from './max-tree.ts';

/**
 * Exact scores of one demand in one group, minus infinity where it does not fit. Worth its upkeep for a demand that comes again and again while the
 * candidates with the best common scores host it already or are out of what it needs.
 */
class View {
  readonly #group: Group;
  readonly #request: Request;
  readonly #changed = new Set<number>();
  #scores: MaxTree | undefined;
  readonly close: () => void;

  constructor(group: Group, request: Request) {
    this.#group = group;
    this.#request = request;
    this.close = group.listen((leaf) => {
      if (leaf === 'all') this.#scores = undefined;
      else if (this.#scores) this.#changed.add(leaf);
    });
  }

  scores(): MaxTree {
    const fresh = this.#scores ?? new MaxTree(this.#group.leaves, (leaf) => this.#scoreOf(this.#group.ledgerAt(leaf)));
    if (fresh === this.#scores) for (const leaf of this.#changed) fresh.set(leaf, this.#scoreOf(this.#group.ledgerAt(leaf)));
    this.#changed.clear();
    return (this.#scores = fresh);
  }

  #scoreOf(ledger: Ledger | undefined): number {
    return !ledger || refuser(ledger, this.#request, usageFilters) ? -Infinity : scoreOf(ledger, this.#request.demand);
  }
}

/** The views of one demand. */
class Lens {
  readonly #request: Request;
  readonly #views = new Map<Group, View>();

  constructor(request: Request) {
    this.#request = request;
  }

  scores(group: Group): MaxTree {
    const view = this.#views.get(group) ?? new View(group, this.#request);
    this.#views.set(group, view);
    return view.scores();
  }

  forget(group: Group): void {
    this.#views.get(group)?.close();
    this.#views.delete(group);
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
  }
}

/** Each change of a candidate is carried to every lens, so they are few: the ones used last. */
const LENSES = 16;

export class Lenses {
  readonly #lenses = new Map<string, Lens>();

  find(request: Request): Lens | undefined {
    if (this.#lenses.size === 0) return undefined;
    const key = keyOf(request);
    const lens = this.#lenses.get(key);
    if (lens) this.#keep(key, lens);
    return lens;
  }

  open(request: Request): void {
    this.#keep(keyOf(request), new Lens(requestOf(request.demand, {})));
    if (this.#lenses.size <= LENSES) return;
    const [oldest] = this.#lenses;
    if (!oldest) return;
    oldest[1].close();
    this.#lenses.delete(oldest[0]);
  }

  forget(group: Group): void {
    for (const lens of this.#lenses.values()) lens.forget(group);
  }

  #keep(key: string, lens: Lens): void {
    this.#lenses.delete(key);
    this.#lenses.set(key, lens);
  }
}

const keyOf = ({ demand }: Request): string => JSON.stringify(demand);
