import type { Candidate } from '../candidate.ts';
import type { Demand } from '../demand.ts';
import { refuser } from '../filters.ts';
import { place } from '../place.ts';
import { requestFilters } from '../request-filters.ts';
import { requestOf, type PlaceOptions, type Request } from '../request.ts';
import { staticFilters } from '../static-filters.ts';
import { Tally, TOP, type Decision } from '../tally.ts';
import { ledgerOf, release, reserve, type Ledger } from '../usage.ts';
import { bestFirst, type Field } from './best-first.ts';
import { Group } from './group.ts';
import { Lenses } from './lens.ts';
import { signatureOf } from './signature.ts';

const EXAMPLES = 3;
/** From so many on, a demand gets a lens of its own for the next time. */
const TOO_MANY_MISSED = 32;
const [notPinned, alreadyRefused] = requestFilters as [(typeof requestFilters)[0], (typeof requestFilters)[0]];

interface Entry {
  readonly ledger: Ledger;
  readonly group: Group;
  readonly signature: string;
}

/**
 * Many candidates, kept so that a decision costs a logarithm of their number. It gives the same answers as `place`; only when somebody was found
 * are those not counted whose resources or ports are taken (`complete: false`). Keeps copies: what it is given is never changed.
 */
export class PlacementIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #groups = new Map<string, Group>();
  readonly #idsOf = new Map<string, Set<string>>();
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
    const signature = signatureOf(candidate);
    const known = this.#entries.get(candidate.id);
    if (known && (known.signature !== signature || known.ledger.name !== candidate.name)) this.remove(candidate.id);
    const ledger = ledgerOf(candidate);
    const group = this.#group(signature);
    group.put(ledger);
    this.#entries.set(candidate.id, { ledger, group, signature });
    this.#idsOf.set(candidate.name, (this.#idsOf.get(candidate.name) ?? new Set()).add(candidate.id));
  }

  /** False: it was not there. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    this.#entries.delete(id);
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
    const open = [...this.#groups.values()].filter((group) => !this.#closedBy(group, request));
    const lens = this.#lenses.find(request);
    const fields = open.map((group): Field => (lens ? { group, scores: lens.scores(group) } : { group }));
    const { best, missed } = bestFirst(fields, request, TOP);
    if (!lens && missed >= TOO_MANY_MISSED) this.#lenses.open(requestOf(demand, {}));
    return best.length === 0 ? place(demand, this.candidates(), options) : this.#explain(request, best);
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

  #group(signature: string): Group {
    const group = this.#groups.get(signature) ?? new Group();
    this.#groups.set(signature, group);
    return group;
  }

  #dissolve({ group, signature }: Entry): void {
    this.#groups.delete(signature);
    this.#lenses.forget(group);
  }

  /** All members of a group get the same answer of the static filters, so one speaks for all. */
  #closedBy(group: Group, request: Request) {
    group.settle();
    const [member] = group.first(1, () => false);
    return member && refuser(member, request, staticFilters);
  }

  #placePinned(request: Request, pins: readonly string[]): Decision {
    const tally = new Tally(request);
    const pinned = new Set(pins.flatMap((name) => [...(this.#idsOf.get(name) ?? [])]));
    for (const id of pinned) tally.ask(this.#entries.get(id)!.ledger);
    const others = this.size - pinned.size;
    if (others > 0) tally.refuse(notPinned, others, [...this.#groups.values()].flatMap((group) => this.#examples(group, ({ id }) => pinned.has(id))));
    return tally.decision();
  }

  #explain(request: Request, best: readonly Ledger[]): Decision {
    const tally = new Tally(request);
    const refused = [...request.alreadyRefused.keys()].flatMap((id) => this.#entries.get(id) ?? []);
    if (refused.length > 0) tally.refuse(alreadyRefused, refused.length, refused.map(({ ledger }) => ledger));
    let asked = refused.length + best.length;
    for (const group of this.#groups.values()) {
      const filter = this.#closedBy(group, request);
      const count = group.size - refused.filter((entry) => entry.group === group).length;
      if (!filter || count === 0) continue;
      tally.refuse(filter, count, this.#examples(group, ({ id }) => request.alreadyRefused.has(id)));
      asked += count;
    }
    for (const ledger of best) tally.accept(ledger);
    tally.skip(this.size - asked);
    return tally.decision(false);
  }

  #examples(group: Group, skip: (ledger: Ledger) => boolean): Ledger[] {
    group.settle();
    return group.first(EXAMPLES, skip);
  }
}
