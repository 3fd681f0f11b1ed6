import { RootClient, type Lab } from '@oak/lab';
import { pullByHand, removeByHand, runByHand } from './by-hand.ts';
import { median, percentile, type Result } from './result.ts';
import { removeAll, submitSleeper, watchRunning } from './workload.ts';

const rounds = 15;

/** From the request to RUNNING at a watcher, beside the same by hand, in turns. */
export async function p1(lab: Lab): Promise<Result> {
  const root = await RootClient.login(lab);
  const node = 'c1n1';
  await pullByHand(lab, node);
  const service = await submitSleeper(root, 'p1');
  const ours: number[] = [];
  const byHand: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const id = `hand${round}`;
    const began = performance.now();
    await runByHand(lab, node, id);
    const handMs = performance.now() - began;
    await removeByHand(lab, node, id);
    const { ready, running } = watchRunning(root, service, 1);
    await ready;
    const submitted = performance.now();
    await root.deploy(service);
    const [at = Number.NaN] = await running;
    await removeAll(root, service);
    // The first round pulls the image and warms both sides.
    if (round > 0) { ours.push(at - submitted); byHand.push(handMs); }
  }
  const value = median(ours) / median(byHand);
  const tail = percentile(ours, 0.99) / median(ours);
  return { id: 'P1', value, target: 1.5, met: value <= 1.5 && tail <= 3, unit: 'x of ctr run -d with netns and veth by hand', samples: ours, detail: { oursMs: median(ours), byHandMs: median(byHand), p99OverP50: tail } };
}
