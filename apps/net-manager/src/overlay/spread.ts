import { createHash } from 'node:crypto';

export interface Choice {
  readonly id: string;
  readonly address: string;
  readonly weight: number;
}

/** More would only make weights finer than anyone can see. */
const maxSlots = 4096;
const leastHashSlots = 64;

/** Addresses in the order in which they take connections, each as often as its weight says and as evenly between the others as can be. */
export function rotation(choices: readonly Choice[]): string[] {
  const weights = shrink(choices.map(({ weight }) => weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.every((weight) => weight === 1)) return choices.map(({ address }) => address);
  const credit = weights.map(() => 0);
  return Array.from({ length: total }, () => {
    weights.forEach((weight, i) => { credit[i] = (credit[i] ?? 0) + weight; });
    const best = credit.indexOf(Math.max(...credit));
    credit[best] = (credit[best] ?? 0) - total;
    return choices[best]?.address ?? '';
  });
}

/** The address for each hash of a caller. When one comes or goes only the slots that it takes or leaves change. */
export function hashSlots(choices: readonly Choice[]): string[] {
  if (choices.length === 0) return [];
  const length = Math.max(leastHashSlots, Math.min(maxSlots, 2 ** Math.ceil(Math.log2(choices.length * 4))));
  return Array.from({ length }, (_, slot) => winner(choices, slot));
}

/** Weighted rendezvous: who has the highest score has the slot. */
function winner(choices: readonly Choice[], slot: number): string {
  let best: { address: string; score: number } | undefined;
  for (const { id, address, weight } of choices) {
    const draw = (createHash('md5').update(`${slot} ${id}`).digest().readUInt32BE() + 1) / (2 ** 32 + 1);
    const score = -weight / Math.log(draw);
    if (!best || score > best.score) best = { address, score };
  }
  return best?.address ?? '';
}

/** Without their common divisor, and no more together than there are slots. */
function shrink(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0) || 1;
  const total = weights.reduce((sum, weight) => sum + weight, 0) / divisor;
  const scale = Math.max(1, total / maxSlots) * divisor;
  return weights.map((weight) => Math.max(1, Math.round(weight / scale)));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
