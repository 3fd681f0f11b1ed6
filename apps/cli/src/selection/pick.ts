import { exitCodes, Failure } from '../failure.ts';
import { select, type Candidate } from './select.ts';

const shown = 20;

/** The one that is meant. @throws Failure that lists who else it could be */
export function pick<C extends Candidate>(noun: string, reference: string, candidates: readonly C[]): C {
  const selection = select(reference, candidates);
  switch (selection.kind) {
    case 'one': return selection.candidate;
    case 'none': throw new Failure(exitCodes.notFound, `no ${noun} is called ${JSON.stringify(reference)}`, candidates.length === 0 ? `there is no ${noun} at all` : `there are: ${listed(candidates.map(({ name }) => name))}`);
    case 'several': throw new Failure(exitCodes.usage, `${JSON.stringify(reference)} can mean ${selection.candidates.length} ${noun}s`, 'write one of these, or its id:', selection.candidates.slice(0, shown).map(({ name, id }) => ({ path: '', message: `${name}   ${id}` })));
  }
}

function listed(names: readonly string[]): string {
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}
