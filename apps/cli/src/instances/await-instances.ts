import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import { isGood } from '../listings/columns.ts';
import type { Root } from '../root/root.ts';
import { watch } from '../root/watch.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { plain } from '../terminal/words.ts';

/** Instances of one service that somebody waits for. */
export interface Awaited { readonly serviceId: string; readonly name: string; readonly numbers: readonly number[] }
/** How an instance stands; undefined: it is gone. */
export type Standing = { readonly status: string; readonly detail: string; readonly ready: boolean } | undefined;

/** It runs and takes calls, or it has done what it was for. */
export const isSettled = (standing: Standing): boolean => standing !== undefined && isGood(standing) && !isUnready(standing);
export const isGone = (standing: Standing): boolean => standing === undefined;

const eventSchema = z.looseObject({ serviceId: z.string(), instance_number: z.int(), status: z.string(), status_detail: z.string(), ready: z.boolean().default(true), removed: z.boolean().optional() });

/** Resolves when all instances are as wanted, telling every change of one. @throws Failure (6) that tells how the others are after `patienceMs` */
export async function awaitAll(root: Root, terminal: Terminal, wanted: readonly Awaited[], isWanted: (standing: Standing) => boolean, patienceMs: number): Promise<void> {
  const board = new Board(wanted, isWanted, (text) => { terminal.say(text); });
  if (board.isDone()) return;
  const patience = new AbortController();
  const timer = setTimeout(() => { patience.abort(); }, patienceMs);
  try {
    const [only, ...others] = wanted;
    const query = only && others.length === 0 ? `service=${only.serviceId}` : 'type=instance';
    for await (const notice of watch(root.rest, { query, signal: patience.signal, onBreak: (reason) => { terminal.say(`${reason}; watching again`); } })) {
      if (notice.kind === 'event') board.hear(notice.body);
      else await board.readAll(root);
      if (board.isDone()) return;
    }
  } finally {
    clearTimeout(timer);
    patience.abort();
  }
  throw new Failure(exitCodes.timedOut, `not as wanted after ${patienceMs} ms:`, 'wait longer by --timeout 5m; see why by: oak explain NAME', board.laggards());
}

/** How each of them stands, by what was read and what was heard. */
class Board {
  readonly #wanted: readonly Awaited[];
  readonly #isWanted: (standing: Standing) => boolean;
  readonly #tell: (text: string) => void;
  readonly #standings = new Map<string, Standing>();

  constructor(wanted: readonly Awaited[], isWanted: (standing: Standing) => boolean, tell: (text: string) => void) {
    [this.#wanted, this.#isWanted, this.#tell] = [wanted, isWanted, tell];
  }

  async readAll(root: Root): Promise<void> {
    for (const { serviceId, numbers } of this.#wanted) {
      const instances = await instancesOf(root, serviceId);
      for (const number of numbers) {
        const found = instances.find((one) => one.instance_number === number);
        this.#note(serviceId, number, found && { status: found.status, detail: found.status_detail, ready: found.ready });
      }
    }
  }

  hear(body: unknown): void {
    const { data: event } = eventSchema.safeParse(body);
    if (event) this.#note(event.serviceId, event.instance_number, event.removed ? undefined : { status: event.status, detail: event.status_detail, ready: event.ready });
  }

  #note(serviceId: string, number: number, standing: Standing): void {
    const awaited = this.#wanted.find((one) => one.serviceId === serviceId && one.numbers.includes(number));
    if (!awaited) return;
    const key = `${serviceId}/${number}`;
    if (!this.#standings.has(key) || textOf(this.#standings.get(key)) !== textOf(standing)) this.#tell(`${awaited.name}/${number}: ${textOf(standing)}`);
    this.#standings.set(key, standing);
  }

  isDone(): boolean {
    return this.laggards().length === 0;
  }

  laggards(): { path: string; message: string }[] {
    return this.#wanted.flatMap(({ serviceId, name, numbers }) => numbers.flatMap((number) => {
      const key = `${serviceId}/${number}`;
      const standing = this.#standings.get(key);
      return this.#standings.has(key) && this.#isWanted(standing) ? [] : [{ path: `${name}/${number}`, message: this.#standings.has(key) ? textOf(standing) : 'not seen' }];
    }));
  }
}

/** Only what runs can be ready. */
const isUnready = ({ status, ready }: NonNullable<Standing>): boolean => status === 'RUNNING' && !ready;
const textOf = (standing: Standing): string => (standing ? `${standing.status}${isUnready(standing) ? ', not ready' : ''}${standing.detail === '' ? '' : `: ${plain(standing.detail)}`}` : 'gone');

/** A service that is gone has none. */
async function instancesOf(root: Root, serviceId: string) {
  try {
    return (await root.service(serviceId)).instance_list;
  } catch (error) {
    if (error instanceof Failure && error.exitCode === exitCodes.notFound) return [];
    throw error;
  }
}
