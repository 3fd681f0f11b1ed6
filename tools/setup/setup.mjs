#!/usr/bin/env node
// Plain JavaScript for the Node that the machine has (20 or newer): it runs before anything is installed.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isExclusive, runExclusively } from './src/exclusive.mjs';
import { observe } from './src/observe.mjs';
import { toolsFolder } from './src/places.mjs';
import { plan, unfinished } from './src/plan.mjs';
import { carryOut } from './src/steps.mjs';
import { helpText, lackText, stepText, timeText } from './src/words.mjs';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({ options: { check: { type: 'boolean' }, quiet: { type: 'boolean' }, help: { type: 'boolean' } } });
const interactive = Boolean(process.stdin.isTTY && process.stdout.isTTY && !process.env['CI']);
const colour = process.stdout.isTTY && !process.env['NO_COLOR'];

const say = (/** @type {string} */ line) => console.log(`setup: ${line}`);
const warn = (/** @type {string} */ line) => console.error(colour ? `\x1b[33msetup: ${line}\x1b[0m` : `setup: ${line}`);

process.exitCode = await main();

async function main() {
  if (options.help) return console.log(helpText), 0;
  const start = performance.now();
  const seen = observe(process.env, checkout);
  const { steps, lacks } = plan(seen);
  if (options.check) return report(steps.map(stepText), lacks);
  if (steps.length === 0) return finish(lacks, start);
  if (!isExclusive(process.env)) return runExclusively(process.argv.slice(1), process.env, checkout);
  for (const step of steps) say(`will ${stepText(step)}`);
  const around = { env: process.env, checkout, power: seen.power, interactive, hasPip: seen.hasPip, log: join(toolsFolder(process.env), 'setup.log') };
  await carryOut(steps, around, say);
  return finish(stillLacking(), start);
}

/** What setup tried to install and is still not there lacks as much as what it could not try. */
function stillLacking() {
  const { steps, lacks } = plan(observe(process.env, checkout));
  return [...lacks, ...steps.flatMap(unfinished)];
}

/** @param {import('./src/plan.mjs').Lack[]} lacks @param {number} start */
function finish(lacks, start) {
  for (const one of lacks) warn(lackText(one));
  const essential = lacks.some((one) => one.essential);
  if (essential) warn('something essential is missing, see above');
  else if (!options.quiet) say(`everything ${lacks.length === 0 ? '' : 'essential '}is there (${timeText(performance.now() - start)})`);
  return essential ? 1 : 0;
}

/** @param {string[]} texts @param {import('./src/plan.mjs').Lack[]} lacks */
function report(texts, lacks) {
  for (const text of texts) say(`would ${text}`);
  for (const one of lacks) warn(lackText(one));
  if (texts.length + lacks.length === 0) say('nothing is missing');
  return texts.length + lacks.length === 0 ? 0 : 1;
}
