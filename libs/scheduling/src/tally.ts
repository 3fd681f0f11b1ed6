import type { PlacementExplanation } from '@oak/contracts';
import type { Candidate } from './candidate.ts';
import { filters, refuser } from './filters.ts';
import type { Filter } from './filter.ts';
import { roomFor } from './fits.ts';
import type { Request } from './request.ts';
import { lacks, resourceNames } from './resources.ts';
import { round, scoreOf, scoresOf } from './score.ts';
import { cut, saySome, summarise } from './sentence.ts';

export interface Decision {
  /** Id of the candidate; undefined = nobody can take it. */
  readonly chosen?: string;
  readonly explanation: PlacementExplanation;
}

const EXAMPLES = 3;
export const TOP = 5;
const NAME_LIMIT = 128;

interface Refused {
  count: number;
  /** Those with the smallest ids, so that the order of candidates does not matter. */
  examples: Candidate[];
}

interface Ranked {
  readonly candidate: Candidate;
  readonly score: number;
}

/** Counts who can take a demand and why the others cannot. What it says does not depend on the order in which candidates come. */
export class Tally {
  readonly #request: Request;
  readonly #refused = new Map<Filter, Refused>();
  readonly #exhausted = new Map<string, { count: number; bestHad: number }>();
  readonly #top: Ranked[] = [];
  #evaluated = 0;
  #able = 0;

  constructor(request: Request) {
    this.#request = request;
  }

  ask(candidate: Candidate): void {
    const filter = refuser(candidate, this.#request);
    if (!filter) return this.accept(candidate);
    this.refuse(filter, 1, [candidate]);
    if (filter.resource) this.#countExhausted(candidate);
  }

  accept(candidate: Candidate): void {
    this.#evaluated += 1;
    this.#able += 1;
    insert(this.#top, { candidate, score: scoreOf(candidate, this.#request.demand) }, isBetter, TOP);
  }

  /** So many for the same reason; `examples` holds at least those of them with the smallest ids, up to three. */
  refuse(filter: Filter, count: number, examples: readonly Candidate[]): void {
    const refused = this.#refused.get(filter) ?? { count: 0, examples: [] };
    this.#refused.set(filter, refused);
    this.#evaluated += count;
    refused.count += count;
    for (const candidate of examples) insert(refused.examples, candidate, hasSmallerId, EXAMPLES);
  }

  /** Some candidates were not asked: only the chosen and the reasons that were counted are known. */
  skip(count: number): void {
    this.#evaluated += count;
  }

  decision(complete = true): Decision {
    const filtered = this.#filtered();
    const chosen = this.#top[0]?.candidate;
    const summary = summarise({
      tier: this.#request.demand.tier, evaluated: this.#evaluated, able: complete ? this.#able : undefined, chosen: chosen && cut(chosen.name, NAME_LIMIT), refused: filtered,
    });
    const explanation = { evaluated: this.#evaluated, filtered, exhausted: this.#shortages(), top: this.#top.map((ranked) => this.#shown(ranked)), complete, summary };
    return chosen ? { chosen: chosen.id, explanation } : { explanation };
  }

  #countExhausted(candidate: Candidate): void {
    const { demand } = this.#request;
    const room = roomFor(candidate, demand);
    for (const name of resourceNames) {
      if (!lacks(room, demand.resources, name)) continue;
      const { count, bestHad } = this.#exhausted.get(name) ?? { count: 0, bestHad: 0 };
      this.#exhausted.set(name, { count: count + 1, bestHad: Math.max(bestHad, room[name]) });
    }
  }

  #filtered(): PlacementExplanation['filtered'] {
    const inOrder = filters.flatMap((filter) => {
      const { count, examples } = this.#refused.get(filter) ?? { count: 0, examples: [] };
      const [first] = examples;
      if (!first) return [];
      return [{ reason: filter.reason, count, text: saySome(filter, count, first, this.#request), examples: examples.map(({ name }) => cut(name, NAME_LIMIT)) }];
    });
    return inOrder.sort((a, b) => b.count - a.count);
  }

  #shortages(): PlacementExplanation['exhausted'] {
    const { resources } = this.#request.demand;
    return resourceNames.flatMap((resource) => {
      const shortage = this.#exhausted.get(resource);
      return shortage ? [{ resource, needed: resources[resource], ...shortage }] : [];
    });
  }

  #shown({ candidate, score }: Ranked): PlacementExplanation['top'][number] {
    return { id: cut(candidate.id, NAME_LIMIT), name: cut(candidate.name, NAME_LIMIT), score: round(score), scores: scoresOf(candidate, this.#request.demand) };
  }
}

const hasSmallerId = (a: Candidate, b: Candidate): boolean => a.id < b.id;

const isBetter = (a: Ranked, b: Ranked): boolean => a.score > b.score || (a.score === b.score && hasSmallerId(a.candidate, b.candidate));

/** Into a short sorted list that keeps only its first `limit`. */
function insert<T>(list: T[], item: T, before: (a: T, b: T) => boolean, limit: number): void {
  const last = list[limit - 1];
  if (last !== undefined && !before(item, last)) return;
  const at = list.findIndex((other) => before(item, other));
  list.splice(at < 0 ? list.length : at, 0, item);
  if (list.length > limit) list.pop();
}
