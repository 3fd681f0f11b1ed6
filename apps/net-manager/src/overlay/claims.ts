/** Things in the kernel by their names (see `datapath/items.ts`), each with its value. */
export type Items = ReadonlyMap<string, string>;

/** Undefined: it is not there, or shall not be. */
export interface ItemChange {
  readonly id: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

interface Claim {
  readonly owner: string;
  readonly value: string;
}

/**
 * Who wants which things to be in the kernel. Several may want the same one, e.g. the chain of a scope. When they want it with different values
 * (two services with one address: only a fault elsewhere does that) the first owner by name has it. Costs only what an owner changes.
 */
export class Claims {
  readonly #claims = new Map<string, Claim[]>();
  readonly #owned = new Map<string, readonly string[]>();
  /** What the kernel has of the things that changed since `take`. */
  readonly #changed = new Map<string, string | undefined>();
  readonly #disputed = new Set<string>();

  /** Replaces all that this owner wanted before; nothing: it wants nothing more. */
  set(owner: string, items: Items = new Map()): void {
    for (const id of this.#owned.get(owner) ?? []) if (!items.has(id)) this.#put(id, owner, undefined);
    for (const [id, value] of items) this.#put(id, owner, value);
    if (items.size > 0) this.#owned.set(owner, [...items.keys()]);
    else this.#owned.delete(owner);
  }

  owners(): IterableIterator<string> {
    return this.#owned.keys();
  }

  value(id: string): string | undefined {
    return this.#claims.get(id)?.[0]?.value;
  }

  all(): Map<string, string> {
    return new Map([...this.#claims].flatMap(([id, [first]]) => (first ? [[id, first.value] as const] : [])));
  }

  /** The steps since the last time. They are taken for done: who can not take them must compare everything anew. */
  take(): ItemChange[] {
    const changes = [...this.#changed].map(([id, from]) => ({ id, from, to: this.value(id) })).filter(({ from, to }) => from !== to);
    this.#changed.clear();
    return changes;
  }

  /** Things that two want with different values, with all who want them. */
  disputes(): { readonly id: string; readonly owners: readonly string[] }[] {
    return [...this.#disputed].map((id) => ({ id, owners: (this.#claims.get(id) ?? []).map(({ owner }) => owner) }));
  }

  #put(id: string, owner: string, value: string | undefined): void {
    const known = this.#claims.get(id);
    const before = known?.[0]?.value;
    const others = known?.filter((claim) => claim.owner !== owner) ?? [];
    const claims = value === undefined ? others : [...others, { owner, value }].sort((a, b) => (a.owner < b.owner ? -1 : 1));
    if (claims.length > 0) this.#claims.set(id, claims);
    else this.#claims.delete(id);
    if (claims.some((claim) => claim.value !== claims[0]?.value)) this.#disputed.add(id);
    else this.#disputed.delete(id);
    if (claims[0]?.value !== before && !this.#changed.has(id)) this.#changed.set(id, before);
  }
}
