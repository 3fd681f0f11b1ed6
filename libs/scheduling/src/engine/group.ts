import { resourceNames, type ResourceName } from '../resources.ts';
import { bestScoreOf } from '../score.ts';
import type { Ledger } from '../usage.ts';
import { MaxTree } from './max-tree.ts';

/**
 * Candidates that are alike in everything that placements do not change, in the order of their ids. Trees over them hold the best score
 * and the most of each resource, so that a search sees at once which parts are worth a look. A leaf whose candidate left stays empty
 * until the next rebuild, so that one who comes and goes costs little.
 */
export class Group {
  #leaves: (Ledger | undefined)[] = [];
  readonly #leafOf = new Map<string, number>();
  readonly #arrivals = new Map<string, Ledger>();
  readonly #listeners = new Set<(leaf: number | 'all') => void>();
  #scores = new MaxTree(0, () => 0);
  #room: readonly MaxTree[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The highest score that any demand could get, below each node. */
  get scores(): MaxTree {
    return this.#scores;
  }

  get width(): number {
    return this.#scores.width;
  }

  get leaves(): number {
    return this.#leaves.length;
  }

  put(ledger: Ledger): void {
    const leaf = this.#leafOf.get(ledger.id);
    if (leaf === undefined) {
      if (!this.#arrivals.has(ledger.id)) this.#size += 1;
      this.#arrivals.set(ledger.id, ledger);
      return;
    }
    if (!this.#leaves[leaf]) this.#size += 1;
    this.#leaves[leaf] = ledger;
    this.#update(leaf);
  }

  drop(id: string): void {
    const leaf = this.#leafOf.get(id);
    this.#size -= 1;
    if (leaf === undefined) return void this.#arrivals.delete(id);
    this.#leaves[leaf] = undefined;
    this.#update(leaf);
  }

  /** Its usage changed. */
  touch(id: string): void {
    const leaf = this.#leafOf.get(id);
    if (leaf !== undefined) this.#update(leaf);
  }

  /** Takes newcomers in. To be called before a search. */
  settle(): void {
    if (this.#arrivals.size === 0) return;
    const all = [...this.#leaves.filter((ledger) => ledger !== undefined), ...this.#arrivals.values()];
    this.#leaves = all.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#arrivals.clear();
    this.#leafOf.clear();
    this.#leaves.forEach((ledger, leaf) => this.#leafOf.set(ledger!.id, leaf));
    this.#scores = new MaxTree(this.#leaves.length, (leaf) => scoreAt(this.#leaves[leaf]));
    this.#room = resourceNames.map((name) => new MaxTree(this.#leaves.length, (leaf) => roomAt(this.#leaves[leaf], name)));
    this.#tell('all');
  }

  ledgerAt(leaf: number): Ledger | undefined {
    return this.#leaves[leaf];
  }

  /** The most that one candidate below this node has of a resource. */
  roomBelow(node: number, resource: number): number {
    return this.#room[resource]!.at(node);
  }

  firstLeafBelow(node: number): number {
    return (node << (Math.clz32(node) - Math.clz32(this.width))) - this.width;
  }

  /** No candidate below this node has a smaller id. */
  firstIdBelow(node: number): string {
    return this.#leaves[this.firstLeafBelow(node)]?.id ?? '';
  }

  /** Any member; a group without members is dissolved. */
  someone(): Ledger {
    for (const ledger of this.members()) return ledger;
    throw new Error('an empty group was left among the groups');
  }

  *members(): Generator<Ledger> {
    for (const ledger of this.#leaves) if (ledger) yield ledger;
    yield* this.#arrivals.values();
  }

  /** Those with the smallest ids, without the ones to skip. */
  first(limit: number, skip: (ledger: Ledger) => boolean): Ledger[] {
    this.settle();
    const found: Ledger[] = [];
    for (const ledger of this.#leaves) {
      if (found.length === limit) break;
      if (ledger && !skip(ledger)) found.push(ledger);
    }
    return found;
  }

  /** Until the returned function is called: which leaf changed, or all of them. */
  listen(listener: (leaf: number | 'all') => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #update(leaf: number): void {
    const ledger = this.#leaves[leaf];
    this.#scores.set(leaf, scoreAt(ledger));
    resourceNames.forEach((name, index) => this.#room[index]!.set(leaf, roomAt(ledger, name)));
    this.#tell(leaf);
  }

  #tell(leaf: number | 'all'): void {
    for (const listener of this.#listeners) listener(leaf);
  }
}

const scoreAt = (ledger: Ledger | undefined): number => (ledger ? bestScoreOf(ledger) : -Infinity);

/** For a cluster the most of any of its members, whatever their runtimes. */
function roomAt(ledger: Ledger | undefined, name: ResourceName): number {
  if (!ledger) return -Infinity;
  return ledger.fits ? Math.max(0, ...ledger.fits.flatMap(({ shapes }) => shapes.map((shape) => shape[name]))) : ledger.free[name];
}
