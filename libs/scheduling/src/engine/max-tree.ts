/** A tournament over numbers: node 1 is the root, node `width + leaf` a leaf, each inner node the larger of its two children. */
export class MaxTree {
  readonly width: number;
  readonly #values: Float64Array;

  /** `leaves` are filled with minus infinity up to a power of two. */
  constructor(leaves: number, valueOf: (leaf: number) => number) {
    this.width = 2 ** Math.ceil(Math.log2(Math.max(1, leaves)));
    this.#values = new Float64Array(2 * this.width).fill(-Infinity);
    for (let leaf = 0; leaf < leaves; leaf += 1) this.#values[this.width + leaf] = valueOf(leaf);
    for (let node = this.width - 1; node > 0; node -= 1) this.#values[node] = this.#largerChild(node);
  }

  at(node: number): number {
    return this.#values[node]!;
  }

  set(leaf: number, value: number): void {
    let node = this.width + leaf;
    this.#values[node] = value;
    while (node > 1) {
      node >>= 1;
      const larger = this.#largerChild(node);
      if (this.#values[node] === larger) return;
      this.#values[node] = larger;
    }
  }

  #largerChild(node: number): number {
    return Math.max(this.#values[2 * node]!, this.#values[2 * node + 1]!);
  }
}
