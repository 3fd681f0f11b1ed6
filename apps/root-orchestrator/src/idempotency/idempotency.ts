import { createHash } from 'node:crypto';
import type { Clock } from '@oak/reconcile';
import { UniqueViolation, type Collection } from '@oak/store';
import { Problem } from '../http/problem.ts';
import type { IdempotencyRecord } from './idempotency-record.ts';

const keptMs = 24 * 3_600_000;
/** A request takes no longer; what is older was cut off. */
const underWayMs = 60_000;
const sweepEvery = 200;
const most = 10_000;

export interface Named { readonly user: string; readonly method: string; readonly path: string; readonly key: string; readonly body: unknown }
export type Answer = NonNullable<IdempotencyRecord['answer']>;

/** A request that comes twice is done once: the second one gets the answer of the first. Remembered for a day. */
export class Idempotency {
  readonly #records: Collection<IdempotencyRecord>;
  readonly #clock: Clock;
  #begun = 0;

  constructor(records: Collection<IdempotencyRecord>, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Undefined: it is new, do it and `finish` or `abandon` it. @throws Problem 409 while the first one is under way, 422 when the key was for something else */
  async begin(named: Named): Promise<Answer | undefined> {
    const [id, body] = [idOf(named), digest(named.body)];
    const known = (await this.#records.get(id))?.body;
    const isOver = known && this.#clock.now() - known.atMs >= (known.answer ? keptMs : underWayMs);
    if (known && !isOver) return answerOf(known, body);
    if (known) await this.#records.remove(id);
    try {
      await this.#records.insert(id, { body, atMs: this.#clock.now() });
    } catch (error) {
      if (error instanceof UniqueViolation) throw underWay();
      throw error;
    }
    this.#begun += 1;
    if (this.#begun % sweepEvery === 1) await this.#sweep();
    return undefined;
  }

  async finish(named: Named, answer: Answer): Promise<void> {
    await this.#records.update(idOf(named), (record) => ({ ...record, answer }));
  }

  /** It was refused or went wrong: it may be tried again. */
  async abandon(named: Named): Promise<void> {
    await this.#records.remove(idOf(named));
  }

  async #sweep(): Promise<void> {
    const all = await this.#records.list();
    const byAge = all.toSorted((a, b) => b.body.atMs - a.body.atMs);
    const over = byAge.filter(({ body }, at) => at >= most || this.#clock.now() - body.atMs >= keptMs);
    await this.#records.writeAll(over.map(({ id }) => ({ kind: 'remove', id })));
  }
}

function answerOf({ answer, body: known }: IdempotencyRecord, body: string): Answer {
  if (known !== body) throw new Problem(422, 'Invalid request', 'Idempotency-Key: it was used for another body within the last day; take a new one for another request');
  if (!answer) throw underWay();
  return answer;
}

function underWay(): Problem {
  return new Problem(409, 'Conflict', 'Idempotency-Key: the first request with it is still under way; ask again in a moment', [], { 'retry-after': '1' });
}

function idOf({ user, method, path, key }: Named): string {
  return digest([user, method, path, key]);
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value) ?? '').digest('hex').slice(0, 48);
}
