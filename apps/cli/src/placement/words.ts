import { amount, plain } from '../terminal/words.ts';
import type { Explanation, Placement } from '../root/views.ts';

/** A decision in plain words: who won, who was refused and why, what ran short. */
export function explanationLines({ summary, filtered, exhausted, top }: Explanation): string[] {
  return [
    summary,
    ...filtered.map(({ count, text, examples }) => `refused: ${count} ${text}${examples.length === 0 ? '' : ` (${examples.join(', ')}${examples.length < count ? ', ...' : ''})`}`),
    ...exhausted.map(({ resource, needed, bestHad, count }) => `too little ${resource} on ${count}: ${amount(needed)} needed, the best had ${amount(bestHad)}`),
    ...(top.length > 1 ? [`best: ${top.map(({ name, score }) => `${name} ${amount(score)}`).join(', ')}`] : []),
  ].map(plain);
}

/** Why an instance is where it is, or why it waits. */
export function placementLines({ root, cluster, cluster_decision: decision, handed_back: handedBack }: Placement): string[] {
  return [
    ...under('root', root),
    ...under(`cluster ${cluster ?? ''}`, decision),
    ...handedBack.map(({ cluster: name, text }) => plain(`cluster ${name} gave it back: ${text}`)),
  ];
}

function under(who: string, explanation: Explanation | null | undefined): string[] {
  if (!explanation) return [];
  const [first = '', ...others] = explanationLines(explanation);
  return [`${who}: ${first}`, ...others.map((line) => `  ${line}`)];
}
