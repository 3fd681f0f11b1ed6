import { exitCodes, Failure } from '../failure.ts';
import { pick } from './pick.ts';
import { isWhole, type Candidate } from './select.ts';

/**
 * The node that is meant. `silent`: clusters that did not say which nodes they have, so one of theirs may be meant.
 * @throws Failure that lists who else it could be, or (5) that names the silent clusters when the node can be one of theirs
 */
export function pickNode<C extends Candidate>(reference: string, candidates: readonly C[], silent: readonly string[]): C {
  const possible = reference.includes('/') ? silent.filter((cluster) => reference.startsWith(`${cluster}/`)) : silent;
  if (possible.length === 0 || candidates.some((candidate) => isWhole(reference, candidate))) return pick('node', reference, candidates);
  const who = possible.length === 1 ? `${possible.join()} does` : `${possible.join(', ')} do`;
  throw new Failure(exitCodes.unreachable, `whether there is a node ${JSON.stringify(reference)} is not known: ${who} not say which nodes ${possible.length === 1 ? 'it has' : 'they have'}`, 'see: oak cluster ls');
}
