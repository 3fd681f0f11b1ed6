import { exitCodes, Failure } from '../failure.ts';
import { select, type Candidate } from './select.ts';

const shown = 20;

/** The one that is meant. @throws Failure that lists who else it could be */
export function pick<C extends Candidate>(noun: string, reference: string, ...groups: readonly (readonly C[])[]): C {
  const selection = select(reference, ...groups);
  switch (selection.kind) {
    case 'one': return selection.candidate;
    case 'none': throw new Failure(exitCodes.notFound, `no ${noun} is called ${JSON.stringify(reference)}`, groups.every(({ length }) => length === 0) ? `there is no ${noun} at all` : `there are: ${listed(groups.flat().map(({ name }) => name))}`);
    case 'several': throw new Failure(exitCodes.usage, `${JSON.stringify(reference)} can mean ${selection.candidates.length} of these; write the whole name, or the id:`, undefined, selection.candidates.slice(0, shown).map(({ name, id }) => ({ path: '', message: `${name}   ${id}` })));
  }
}

function listed(names: readonly string[]): string {
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}
