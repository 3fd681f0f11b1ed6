import { exitCodes, Failure } from '../failure.ts';

export const kinds = ['application', 'service', 'instance', 'node', 'cluster', 'runtime'] as const;
export type Kind = (typeof kinds)[number];

const short: Readonly<Record<string, Kind>> = {
  app: 'application', apps: 'application', a: 'application', svc: 'service', s: 'service', inst: 'instance', i: 'instance', n: 'node', cl: 'cluster', c: 'cluster', rt: 'runtime', r: 'runtime',
};

/** From a whole noun, its plural or its abbreviation. @throws Failure */
export function kindOf(word: string): Kind {
  const kind = short[word] ?? kinds.find((each) => word === each || word === `${each}s`);
  if (kind === undefined) throw new Failure(exitCodes.usage, `${JSON.stringify(word)} is nothing that oak knows`, `say one of: ${kinds.map((each) => `${each}s`).join(', ')}`);
  return kind;
}
