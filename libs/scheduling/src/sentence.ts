import type { Filter } from './filter.ts';
import type { Candidate } from './candidate.ts';
import type { Request } from './request.ts';

const TEXT_LIMIT = 300;
const SUMMARY_LIMIT = 1000;

export const cut = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`);

/** Why one candidate is refused: `is out of memory (needs 512 MiB, has 100)`. */
export function sayOne(filter: Filter, candidate: Candidate, request: Request): string {
  return cut(filter.verbs[0] + filter.detail(candidate, request, true), TEXT_LIMIT);
}

/** Why some are refused, of whom one is the example. */
export function saySome(filter: Filter, count: number, candidate: Candidate, request: Request): string {
  return count === 1 ? sayOne(filter, candidate, request) : cut(filter.verbs[1] + filter.detail(candidate, request, false), TEXT_LIMIT);
}

interface Counts {
  readonly tier: string;
  readonly evaluated: number;
  /** Undefined: not all were asked. */
  readonly able: number | undefined;
  readonly chosen: string | undefined;
  readonly refused: readonly { readonly count: number; readonly text: string }[];
}

/** `0 of 3 nodes can take it: 2 lack runtime runsc (not installed), 1 is out of memory (needs 512 MiB, has 100)` */
export function summarise({ tier, evaluated, able, chosen, refused }: Counts): string {
  if (evaluated === 0) return `there is no ${tier} to ask`;
  const reasons = refused.map(({ count, text }) => `${count} ${text}`).join(', ');
  const all = `${evaluated} ${tier}${evaluated === 1 ? '' : 's'}`;
  const head = able === undefined ? `${chosen} is the best of ${all}` : `${chosen === undefined ? '' : `${chosen} is the best: `}${able} of ${all} can take it`;
  return cut(reasons === '' ? head : `${head}: ${reasons}`, SUMMARY_LIMIT);
}
