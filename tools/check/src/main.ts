import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import colours from 'picocolors';
import { parseOnly, planSteps, type Step } from './steps.ts';
import { closingLine, isReport, type Report, tally } from './tally.ts';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
/** Each project's tests write `<project folder>.json` below; nx keeps them with its cached results, so what did not have to run again counts too. */
const reportsDir = join(checkout, '.oak/test-reports');
const plain = Boolean(process.env['CI']) || !process.stdout.isTTY;

async function run({ title, argv, cwd }: Step): Promise<boolean> {
  console.log(plain ? `\n== ${title}` : `\n${colours.bold(title)}`);
  const [command = '', ...args] = argv;
  const start = performance.now();
  const style = command === 'nx' && plain ? ['--output-style=static'] : [];
  const env = plain ? { NO_COLOR: '1', FORCE_COLOR: '0' } : {};
  const { failed } = await execa(command, [...args, ...style], { cwd: join(checkout, cwd), env, preferLocal: true, localDir: checkout, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit', reject: false });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const text = `${title}: ${failed ? 'failed' : 'ok'} after ${seconds} s`;
  console.log(plain ? `== ${text}` : failed ? colours.red(text) : colours.green(text));
  return !failed;
}

async function readReports(): Promise<Report[]> {
  const files = (await readdir(reportsDir, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.json'));
  return Promise.all(files.map(async (name) => {
    const report: unknown = JSON.parse(await readFile(join(reportsDir, name), 'utf8'));
    if (!isReport(report)) throw new Error(`${join(reportsDir, name)} is not a report of vitest`);
    return report;
  }));
}

async function main(): Promise<void> {
  const steps = planSteps(parseOnly(process.argv.slice(2)));
  await rm(reportsDir, { recursive: true, force: true }); // nx puts those of cached results back
  let failedSteps = 0;
  for (const step of steps) failedSteps += (await run(step)) ? 0 : 1;
  const result = tally(await readReports(), failedSteps);
  process.exitCode = result.failed > 0 ? 1 : 0;
  console.log(`\n${closingLine(result)}`);
}

await main();
