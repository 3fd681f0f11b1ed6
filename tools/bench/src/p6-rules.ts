import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RulesFigures } from './net/rules-in-netns.ts';
import type { Result } from './result.ts';

const program = join(import.meta.dirname, 'net/rules-in-netns.ts');
const sizes = [100, 1_000, 5_000];
/** With its process ends all that it started. */
const longestMs = 240_000;

/** From a cluster's word to the rule in the kernel, through net-manager, by how many services there are; beside nft with the same rules. */
export async function p6r(): Promise<Result> {
  const all: RulesFigures[] = [];
  for (const size of sizes) {
    const { stdout } = await promisify(execFile)('unshare', ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', '/bin/sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, program, String(size)], { timeout: longestMs });
    all.push(JSON.parse(stdout) as RulesFigures);
  }
  const { replacedMs = Number.NaN, grownMs = Number.NaN, newMs = Number.NaN, loadMs = Number.NaN } = all.at(-1) ?? {};
  const worst = Math.max(replacedMs, grownMs, newMs);
  return {
    id: 'P6R', value: worst, target: 10, met: worst <= 10 && loadMs <= 3_000, unit: `ms for the dearest kind of change among ${sizes.at(-1)} services of 3 instances (load at start: at most 3000 ms)`,
    samples: [replacedMs, grownMs, newMs, loadMs], detail: all.map((one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Math.round((value as number) * 10) / 10]))),
  };
}
