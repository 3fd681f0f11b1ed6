/** Something that a user can mean. */
export interface Candidate {
  /** How it is shown. */
  readonly name: string;
  readonly id: string;
  /** All ways to call it, `name` among them. */
  readonly names: readonly string[];
}
export type Selection<C> = { readonly kind: 'one'; readonly candidate: C } | { readonly kind: 'none' } | { readonly kind: 'several'; readonly candidates: readonly C[] };

/** Shorter ones would hit by chance. */
const shortestIdPrefix = 4;

/** An id or a whole name goes before a beginning, so that `web` means web even beside webshop. */
export function select<C extends Candidate>(reference: string, candidates: readonly C[]): Selection<C> {
  const byWhole = candidates.filter(({ id, names }) => id === reference || names.includes(reference));
  if (byWhole.length > 0) return verdict(byWhole);
  return verdict(candidates.filter(({ id, names }) => (reference.length >= shortestIdPrefix && id.startsWith(reference)) || (reference !== '' && names.some((name) => name.startsWith(reference)))));
}

function verdict<C>(found: readonly C[]): Selection<C> {
  const [first] = found;
  if (first === undefined) return { kind: 'none' };
  return found.length === 1 ? { kind: 'one', candidate: first } : { kind: 'several', candidates: found };
}
