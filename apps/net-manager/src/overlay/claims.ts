/** Things in the kernel by their names (see `datapath/items.ts`), each with its value. */
export type Items = ReadonlyMap<string, string>;

/** Undefined: it is not there, or shall not be. */
export interface ItemChange {
  readonly id: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Almost everything has one owner; a map only where there are more. */
type Owners = string | Map<string, string>;

/**
 * Who wants which things to be in the kernel. Several may want the same one, e.g. the chain of a scope. When they want it with different values
 * (two services with one address: only a fault elsewhere does that) who had it first keeps it. Costs only what an owner changes.
 */
export class Claims {
  readonly #values = new Map<string, string>();
  readonly #owners = new Map<string, Owners>();
  readonly #owned = new Map<string, readonly string[]>();
  /** What the kernel has of the things that changed since `take`. */
  readonly #changed = new Map<string, string | undefined>();
  readonly #disputed = new Set<string>();

  /** Replaces all that this owner wanted before; nothing: it wants nothing more. */
  set(owner: string, items: Items = new Map()): void {
    for (const id of this.#owned.get(owner) ?? []) if (!items.has(id)) this.#release(id, owner);
    for (const [id, value] of items) this.#put(id, owner, value);
    if (items.size > 0) this.#owned.set(owner, [...items.keys()]);
    else this.#owned.delete(owner);
  }

  value(id: string): string | undefined {
    return this.#values.get(id);
  }

  /** A view, not a copy. */
  all(): Items {
    return this.#values;
  }

  /** The steps since the last time. They are taken for done: who can not take them must compare everything anew. */
  take(): ItemChange[] {
    const changes = [...this.#changed].map(([id, from]) => ({ id, from, to: this.value(id) })).filter(({ from, to }) => from !== to);
    this.#changed.clear();
    return changes;
  }

  /** Things that two want with different values, with all who want them. */
  disputes(): { readonly id: string; readonly owners: readonly string[] }[] {
    return [...this.#disputed].map((id) => ({ id, owners: [...this.#all(id).keys()] }));
  }

  #put(id: string, owner: string, value: string): void {
    const known = this.#owners.get(id);
    if (known === undefined || known === owner) {
      this.#owners.set(id, owner);
      this.#become(id, value);
      return;
    }
    const owners = this.#all(id).set(owner, value);
    this.#owners.set(id, owners);
    this.#settle(id, owners, value);
  }

  #release(id: string, owner: string): void {
    const known = this.#owners.get(id);
    if (known === owner) {
      this.#owners.delete(id);
      this.#become(id, undefined);
    } else if (known instanceof Map) {
      known.delete(owner);
      this.#settle(id, known);
    }
  }

  /** The first of several decides. Only where values differ, all have to be looked at. */
  #settle(id: string, owners: Map<string, string>, added?: string): void {
    const [[first, value] = []] = owners;
    const had = this.#values.get(id);
    if (first !== undefined && owners.size === 1) this.#owners.set(id, first);
    this.#become(id, value);
    const mayDiffer = this.#disputed.has(id) || value !== had || (added !== undefined && added !== value);
    if (mayDiffer && new Set(owners.values()).size > 1) this.#disputed.add(id);
    else if (mayDiffer) this.#disputed.delete(id);
  }

  #become(id: string, value: string | undefined): void {
    const before = this.#values.get(id);
    if (before === value) return;
    if (!this.#changed.has(id)) this.#changed.set(id, before);
    if (value === undefined) this.#values.delete(id);
    else this.#values.set(id, value);
  }

  /** Owners with what they want. */
  #all(id: string): Map<string, string> {
    const known = this.#owners.get(id);
    if (known instanceof Map) return known;
    return new Map(known === undefined ? [] : [[known, this.#values.get(id) ?? '']]);
  }
}
