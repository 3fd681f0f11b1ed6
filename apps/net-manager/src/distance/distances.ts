/** A node by its name, `<cluster>/<node>`. */
export type NodeName = string;

/** How far a node is, in ms there and back; undefined: nobody knows. */
export type DistanceTo = (node: NodeName) => number | undefined;

interface Known {
  readonly settledMs: number | undefined;
  /** How often in a row what was measured was far from what is settled, or nothing came back. */
  readonly odd: number;
}

/** Two that differ by less are equally far: a millisecond is what a busy machine adds by itself, and a quarter is what a line does. */
export const marginOf = (ms: number): number => Math.max(1, ms / 4);
/** One odd round may be a pause of either machine. */
const oddMost = 2;

/** Round trips to other nodes, as steady as a choice among them must be: a value changes when it was far from what is settled for two rounds. Pure. */
export class Distances {
  readonly #known: Map<NodeName, Known>;

  /** `settled`: of an earlier time. */
  constructor(settled: Iterable<readonly [NodeName, number]>) {
    this.#known = new Map([...settled].map(([node, settledMs]) => [node, { settledMs, odd: 0 }]));
  }

  /** `ms`: the shortest of a round; undefined: no answer. Returns whether the settled value is another now. */
  measured(node: NodeName, ms: number | undefined): boolean {
    const before = this.#known.get(node);
    const settledMs = before?.settledMs;
    const isOdd = ms === undefined ? settledMs !== undefined : settledMs === undefined || Math.abs(ms - settledMs) > marginOf(settledMs);
    const odd = isOdd ? (before?.odd ?? 0) + 1 : 0;
    // The first answer counts at once: any value is better than none.
    const isSettled = isOdd && (settledMs === undefined || odd >= oddMost);
    this.#known.set(node, isSettled ? { settledMs: ms, odd: 0 } : { settledMs, odd });
    return isSettled;
  }

  readonly to: DistanceTo = (node) => this.#known.get(node)?.settledMs;

  /** Whether it was ever measured, with an answer or without. */
  has(node: NodeName): boolean {
    return this.#known.has(node);
  }

  settled(): [NodeName, number][] {
    return [...this.#known].flatMap(([node, { settledMs }]) => (settledMs === undefined ? [] : [[node, settledMs]]));
  }

  /** Forgets all others, and returns them. */
  keep(nodes: ReadonlySet<NodeName>): NodeName[] {
    const others = [...this.#known.keys()].filter((node) => !nodes.has(node));
    for (const node of others) this.#known.delete(node);
    return others;
  }
}
