import type { Candidate } from '../candidate.ts';
import type { Demand } from '../demand.ts';
import { requestFilters } from '../request-filters.ts';
import { requestOf, type PlaceOptions, type Request } from '../request.ts';
import { Tally, TOP, type Decision } from '../tally.ts';
import { ledgerOf, release, reserve, type Ledger } from '../usage.ts';
import { bestFirst, type Found } from './best-first.ts';
import { examplesOf, Grounds, type Closed, type Ground } from './ground.ts';
import { Group } from './group.ts';
import { Lenses } from './lens.ts';
import { factsOf, signatureOf } from './signature.ts';

/** From so many on, a demand gets a lens of its own for the next time. */
const TOO_MANY_MISSED = 32;
const [notPinned, alreadyRefused] = requestFilters;

interface Entry {
  readonly ledger: Ledger;
  readonly group: Group;
  readonly signature: string;
  readonly facts: string;
}

/**
 * Many candidates, kept so that a decision costs a logarithm of their number. It gives the same answers as `place`; only when somebody was found
 * are those not counted whose resources or ports are taken (`complete: false`). Keeps copies: what it is given is never changed.
 */
export class PlacementIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #groups = new Map<string, Group>();
  readonly #idsOf = new Map<string, Set<string>>();
  readonly #grounds = new Grounds();
  readonly #lenses = new Lenses();

  get size(): number {
    return this.#entries.size;
  }

  /** As it stands with everything that was committed. */
  get(id: string): Candidate | undefined {
    return this.#entries.get(id)?.ledger;
  }

  candidates(): Candidate[] {
    return Array.from(this.#entries.values(), ({ ledger }) => ledger);
  }

  /** Adds a candidate, or replaces all that is known of it, its usage included. */
  upsert(candidate: Candidate): void {
    const facts = factsOf(candidate);
    const known = this.#entries.get(candidate.id);
    if (known?.facts === facts) return this.#settleIn({ ...known, ledger: ledgerOf(candidate) });
    this.remove(candidate.id);
    const signature = signatureOf(candidate);
    this.#settleIn({ ledger: ledgerOf(candidate), group: this.#groups.get(signature) ?? this.#found(signature), signature, facts });
    this.#idsOf.set(candidate.name, (this.#idsOf.get(candidate.name) ?? new Set()).add(candidate.id));
    this.#grounds.clear();
  }

  /** False: it was not there. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    this.#entries.delete(id);
    this.#grounds.clear();
    entry.group.drop(id);
    if (entry.group.size === 0) this.#dissolve(entry);
    const ids = this.#idsOf.get(entry.ledger.name);
    ids?.delete(id);
    if (ids?.size === 0) this.#idsOf.delete(entry.ledger.name);
    return true;
  }

  /** Chooses; reserves nothing. */
  place(demand: Demand, options: PlaceOptions = {}): Decision {
    const request = requestOf(demand, options);
    if (demand.pins) return this.#placePinned(request, demand.pins);
    const ground = this.#grounds.of(demand, this.#groups.values());
    const { best } = this.#search(request, ground.open);
    return best.length === 0 ? this.#explainFailure(request, ground) : this.#explainSuccess(request, ground, best);
  }

  /** Takes for one instance what it demands. False: no such candidate. */
  commit(id: string, demand: Demand): boolean {
    return this.#change(id, (ledger) => reserve(ledger, demand));
  }

  /** Gives it back. False: no such candidate. */
  release(id: string, demand: Demand): boolean {
    return this.#change(id, (ledger) => release(ledger, demand));
  }

  #change(id: string, change: (ledger: Ledger) => void): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    change(entry.ledger);
    entry.group.touch(id);
    return true;
  }

  #settleIn(entry: Entry): void {
    this.#entries.set(entry.ledger.id, entry);
    entry.group.put(entry.ledger);
  }

  #found(signature: string): Group {
    const group = new Group();
    this.#groups.set(signature, group);
    return group;
  }

  #dissolve({ group, signature }: Entry): void {
    this.#groups.delete(signature);
    this.#lenses.forget(group);
  }

  #search(request: Request, open: readonly Group[]): Found {
    const lens = this.#lenses.find(request);
    const fields = open.map((group) => ({ group, scores: lens ? lens.scores(group) : group.scores }));
    const found = bestFirst(fields, request, TOP);
    if (!lens && found.missed >= TOO_MANY_MISSED) this.#lenses.open(request);
    return found;
  }

  #placePinned(request: Request, pins: readonly string[]): Decision {
    const tally = new Tally(request);
    const pinned = new Set(pins.flatMap((name) => [...(this.#idsOf.get(name) ?? [])]));
    for (const id of pinned) tally.ask(this.#entries.get(id)!.ledger);
    const others = this.size - pinned.size;
    if (others > 0) tally.refuse(notPinned, others, examplesOf(this.#groups.values(), ({ id }) => pinned.has(id)));
    return tally.decision();
  }

  /** Everyone who is not refused with a whole group is asked. */
  #explainFailure(request: Request, { open, closed }: Ground): Decision {
    const tally = new Tally(request);
    for (const one of closed) this.#countClosed(tally, request, one);
    for (const group of open) for (const ledger of group.members()) tally.ask(ledger);
    return tally.decision();
  }

  #explainSuccess(request: Request, { open, closed }: Ground, best: readonly Ledger[]): Decision {
    const tally = new Tally(request);
    for (const one of closed) this.#countClosed(tally, request, one);
    const before = this.#refusedBefore(request, open);
    if (before.length > 0) tally.refuse(alreadyRefused, before.length, before);
    for (const ledger of best) tally.accept(ledger);
    tally.skip(open.reduce((sum, { size }) => sum + size, 0) - before.length - best.length);
    return tally.decision(false);
  }

  /** A candidate that has refused before is counted as that, whatever its group. */
  #countClosed(tally: Tally, request: Request, { filter, groups, count, examples }: Closed): void {
    const before = this.#refusedBefore(request, groups);
    if (before.length === 0) return tally.refuse(filter, count, examples);
    tally.refuse(alreadyRefused, before.length, before);
    if (before.length < count) tally.refuse(filter, count - before.length, examplesOf(groups, ({ id }) => request.alreadyRefused.has(id)));
  }

  #refusedBefore(request: Request, groups: readonly Group[]): Ledger[] {
    if (request.alreadyRefused.size === 0) return [];
    const entries = [...request.alreadyRefused.keys()].flatMap((id) => this.#entries.get(id) ?? []);
    return entries.filter(({ group }) => groups.includes(group)).map(({ ledger }) => ledger);
  }
}
