import { createHash } from 'node:crypto';

/** The name of a stack of layers: of the first alone its diff id, of each further one a hash over the stack below and its diff id. */
export function chainIds(diffIds: readonly string[]): string[] {
  return diffIds.reduce<string[]>((chain, diffId) => {
    const below = chain.at(-1);
    return [...chain, below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`];
  }, []);
}
