/** A body under its id. `revision` is 1 after the insert and grows by 1 with every write; a removed id that is inserted again starts at 1. */
export interface Document<T> {
  readonly id: string;
  readonly revision: number;
  readonly body: T;
}

/** One committed write. A removal has no `body`; its `revision` is the removed one, or 0 where an adapter cannot know it. Bodies are shared: do not mutate. */
export interface Change<T> {
  readonly id: string;
  readonly revision: number;
  readonly body?: T;
}
