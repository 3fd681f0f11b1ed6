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

/**
 * An id or a whole name goes before a beginning, so that `web` means web even beside webshop. Groups go in their order: an application called `web` goes
 * before a service called so, and the beginning of a service's name means the service, not one of its instances.
 */
export function select<C extends Candidate>(reference: string, ...groups: readonly (readonly C[])[]): Selection<C> {
  for (const isMeant of [isWhole, isBeginning]) {
    for (const group of groups) {
      const found = group.filter((candidate) => isMeant(reference, candidate));
      const [first] = found;
      if (first !== undefined) return found.length === 1 ? { kind: 'one', candidate: first } : { kind: 'several', candidates: found };
    }
  }
  return { kind: 'none' };
}

/** An id or a whole name, not only the beginning of one. */
export const isWhole = (reference: string, { id, names }: Candidate): boolean => id === reference || names.includes(reference);

function isBeginning(reference: string, { id, names }: Candidate): boolean {
  return reference !== '' && (names.some((name) => name.startsWith(reference)) || (reference.length >= shortestIdPrefix && id.startsWith(reference)));
}
