import type { Listing } from '../terminal/listing.ts';
import { plain } from '../terminal/words.ts';

/** What became of one application, service or instance. */
export interface Outcome {
  readonly kind: 'application' | 'service' | 'instance' | 'node';
  readonly name: string;
  readonly id: string;
  readonly result: 'created' | 'unchanged' | 'updated' | 'deployed' | 'deleted' | 'deleting' | 'failed' | 'cordoned' | 'uncordoned';
  /** Numbers of instances that were deployed or stopped. */
  readonly instances?: readonly number[];
  readonly detail?: string;
}

export const outcomeListing: Listing<Outcome> = {
  name: ({ kind, name }) => `${kind}/${name}`,
  body: (outcome) => outcome,
  columns: [
    { head: 'NAME', cell: ({ kind, name }) => plain(`${kind}/${name}`) },
    { head: 'RESULT', cell: ({ result }) => result, colour: ({ result }) => (result === 'failed' ? 'red' : result === 'updated' ? 'yellow' : result === 'unchanged' ? 'dim' : 'green') },
    { head: 'DETAIL', cell: ({ detail, instances }) => plain(detail ?? (instances?.length ? `instances ${numbers(instances)}` : '')) },
    { head: 'ID', wide: true, cell: ({ id }) => id },
  ],
};

/** `0-3,5`: as many words for a thousand as for one. */
export function numbers(all: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of [...all].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}
