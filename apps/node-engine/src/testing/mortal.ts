/** Everything that a process would do after its end. */
export class Dead extends Error {
  override readonly name = 'Dead';
}

/** The life of a process that a test ends at its n-th call of a port, before the call has any effect or right after. */
export class Life {
  #left: number;
  readonly #after: boolean;
  /** How many calls were made. */
  calls = 0;

  constructor(calls: number = Infinity, end: 'before' | 'after' = 'before') {
    this.#left = calls;
    this.#after = end === 'after';
  }

  get over(): boolean {
    return this.#left <= 0;
  }

  async spend<T>(call: () => Promise<T>): Promise<T> {
    if (this.over) throw new Dead();
    this.calls++;
    this.#left--;
    if (this.over && !this.#after) throw new Dead();
    const result = await call();
    if (this.over) throw new Dead();
    return result;
  }
}

/** The same port; of these methods every call is one step of the life. */
export function mortal<T extends object>(port: T, life: Life, methods: readonly (keyof T & string)[]): T {
  return new Proxy(port, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const method = member as (...values: unknown[]) => unknown;
      const counts = methods.some((name) => name === key);
      return (...values: unknown[]) => (counts ? life.spend(() => Promise.resolve(method.apply(target, values))) : method.apply(target, values));
    },
  });
}
