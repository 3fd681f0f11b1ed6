import { createHash } from 'node:crypto';

export interface Choice {
  readonly id: string;
  /** 1 if nothing is said. */
  readonly weight?: number | undefined;
}

/** More would only make weights finer than anyone can see. */
const maxSlots = 4096;
const leastHashSlots = 64;
const weightOf = ({ weight = 1 }: Choice): number => weight;

/** The order in which they take connections, each as often as its weight says and as evenly between the others as can be. */
export function rotation<T extends Choice>(choices: readonly T[]): readonly T[] {
  const weights = shrink(choices.map(weightOf));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.every((weight) => weight === 1)) return choices;
  const credit = weights.map(() => 0);
  return Array.from({ length: total }).flatMap(() => {
    weights.forEach((weight, i) => { credit[i] = (credit[i] ?? 0) + weight; });
    const best = credit.indexOf(Math.max(...credit));
    credit[best] = (credit[best] ?? 0) - total;
    return choices[best] ?? [];
  });
}

/** Who takes each hash of a caller. When one comes or goes only the slots that it takes or leaves change. */
export function hashSlots<T extends Choice>(choices: readonly T[]): readonly T[] {
  if (choices.length === 0) return [];
  const length = Math.max(leastHashSlots, Math.min(maxSlots, 2 ** Math.ceil(Math.log2(choices.length * 4))));
  const rivals = choices.map((choice) => ({ choice, weight: weightOf(choice), seed: createHash('md5').update(choice.id).digest().readInt32BE() }));
  return Array.from({ length }).flatMap((_, slot) => winner(rivals, slot)?.choice ?? []);
}

interface Rival {
  readonly weight: number;
  readonly seed: number;
}

/** Weighted rendezvous: who has the highest score has the slot. In a plain loop, for there may be millions of draws. */
function winner<R extends Rival>(rivals: readonly R[], slot: number): R | undefined {
  let [best, bestDrawn, most]: [R | undefined, number, number] = [undefined, -1, -Infinity];
  for (const rival of rivals) {
    const drawn = draw(rival.seed, slot);
    if (best && rival.weight <= best.weight && drawn <= bestDrawn) continue;
    const score = -rival.weight / Math.log((drawn + 1) / (2 ** 32 + 1));
    if (score > most) [best, bestDrawn, most] = [rival, drawn, score];
  }
  return best;
}

/** A number of 32 bits that looks like chance (the finish of MurmurHash3). */
function draw(seed: number, slot: number): number {
  let mixed = seed ^ Math.imul(slot + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
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
