/** What every benchmark tells; `detail` is for people. */
export interface Result {
  readonly id: string;
  readonly value: number;
  readonly target: number;
  readonly met: boolean;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly detail: unknown;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
