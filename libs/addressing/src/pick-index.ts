/** What is in use and what was given back, oldest first. An index may stand in both: it was taken again. */
export interface Usage {
  readonly taken: ReadonlySet<number>;
  readonly freed?: readonly number[];
}

/** The lowest index of `first..last` that is neither taken nor freed. */
export function neverUsed(first: number, last: number, { taken, freed = [] }: Usage): number | undefined {
  const used = new Set(freed);
  for (let index = first; index <= last; index += 1) if (!taken.has(index) && !used.has(index)) return index;
  return undefined;
}

/** The index of `first..last` that was freed longest ago and not taken again. */
export function oldestFreed(first: number, last: number, { taken, freed = [] }: Usage): number | undefined {
  return freed.find((index) => Number.isInteger(index) && index >= first && index <= last && !taken.has(index));
}
