import { startLab, type Lab } from '@oak/lab';
import Table from 'cli-table3';
import { Command } from 'commander';
import { p10 } from './p10-rest.ts';
import { p1 } from './p1-submit.ts';
import { p2 } from './p2-fifty.ts';
import { p3e } from './p3-end-to-end.ts';
import { p3 } from './p3-placement.ts';
import { p5 } from './p5-bytes.ts';
import { p6 } from './p6-network.ts';
import { p6r } from './p6-rules.ts';
import type { Result } from './result.ts';

/** Those that need an installation, and those that do not. */
const inLab: Readonly<Record<string, { readonly nodes: number; readonly run: (lab: Lab) => Promise<Result> }>> = {
  P1: { nodes: 1, run: p1 }, P2: { nodes: 1, run: p2 }, P10: { nodes: 1, run: p10 }, P6: { nodes: 2, run: p6 },
};
const alone: Readonly<Record<string, () => Result | Promise<Result>>> = { P3: p3, P3E: p3e, P5: p5, P6R: p6r };
const known = [...Object.keys(inLab), ...Object.keys(alone)];

function show(result: Result, json: boolean): void {
  const { detail, ...line } = result;
  if (json) { console.log(JSON.stringify(line)); return; }
  const table = new Table({ head: [result.id, 'value', 'target', 'met', 'unit'] });
  table.push(['', result.value.toFixed(2), String(result.target), result.met ? 'yes' : 'NO', result.unit]);
  console.log(table.toString());
  console.log(detail);
}

async function run(ids: readonly string[], json: boolean): Promise<void> {
  for (const id of ids.filter((one) => alone[one])) show(await alone[id]!(), json);
  for (const nodes of new Set(ids.flatMap((id) => inLab[id]?.nodes ?? []))) await runInLab(ids.filter((id) => inLab[id]?.nodes === nodes), nodes, json);
}

async function runInLab(ids: readonly string[], nodes: number, json: boolean): Promise<void> {
  const lab = await startLab({ clusters: 1, nodes, node: () => ({ runtimes: ['runc'] }), env: { 'node-engine': { OAK_STOP_GRACE_MS: '100', OAK_DRAIN_MS: '0' } } });
  try {
    for (const id of ids) show(await inLab[id]!.run(lab), json);
  } finally {
    await lab.down();
  }
}

await new Command('bench').description(`Benchmarks beside their comparators: ${known.join(', ')}`)
  .argument('[ids...]', 'which; default all').option('--json', 'one line of JSON for each', false)
  .action(async (ids: string[], { json }: { json: boolean }) => {
    const unknown = ids.filter((id) => !known.includes(id));
    if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; known are ${known.join(', ')}`);
    await run(ids.length > 0 ? ids : known, json);
  }).parseAsync();
