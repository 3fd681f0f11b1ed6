import { RootClient, type Lab } from '@oak/lab';
import { removeByHand, runByHand } from './by-hand.ts';
import { median, type Result } from './result.ts';
import { removeAll, submitSleeper, watchRunning } from './workload.ts';

const count = 50;
const lanes = 8;
const rounds = 3;

/** Fifty instances in one request, beside fifty `ctr run -d` eight at a time, in turns. */
export async function p2(lab: Lab): Promise<Result> {
  const root = await RootClient.login(lab);
  const service = await submitSleeper(root, 'p2');
  const ours: number[] = [];
  const byHand: number[] = [];
  const slopes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    byHand.push(await fiftyByHand(lab, 'c1n1', round));
    const { ready, running } = watchRunning(root, service, count);
    await ready;
    const began = performance.now();
    await root.deploy(service, count);
    const times = (await running).sort((a, b) => a - b);
    ours.push(count / ((times.at(-1)! - began) / 1000));
    const quarter = Math.floor(count / 4);
    slopes.push((times.at(-1)! - times.at(-1 - quarter)!) / (times[quarter]! - times[0]!));
    await removeAll(root, service);
  }
  const value = median(ours) / median(byHand);
  return { id: 'P2', value, target: 0.85, met: value >= 0.85, unit: 'x of the containers/s of 8-way ctr', samples: ours, detail: { oursPerS: median(ours), byHandPerS: median(byHand), lastOverFirstQuarter: median(slopes) } };
}

async function fiftyByHand(lab: Lab, node: string, round: number): Promise<number> {
  const ids = Array.from({ length: count }, (_, at) => `f${round}x${at}`);
  const queue = [...ids];
  const began = performance.now();
  await Promise.all(Array.from({ length: lanes }, async () => { for (let id = queue.shift(); id !== undefined; id = queue.shift()) await runByHand(lab, node, id); }));
  const perS = count / ((performance.now() - began) / 1000);
  for (const id of ids) await removeByHand(lab, node, id);
  return perS;
}
