import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Runs a program with no standard input; everything that it prints goes to the log file.
 * @param {string} command
 * @param {string[]} args
 * @param {{env: import('./places.mjs').Environment, cwd?: string, log: string}} options
 * @returns {Promise<void>} rejects with the lines that tell why
 */
export function run(command, args, { env, cwd, log }) {
  return new Promise((resolve, reject) => {
    mkdirSync(dirname(log), { recursive: true });
    const file = createWriteStream(log, { flags: 'a' });
    file.write(`\n$ ${command} ${args.join(' ')}\n`);
    const child = spawn(command, args, { env, ...(cwd ? { cwd } : {}), stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (/** @type {Buffer} */ chunk) => {
        file.write(chunk);
        printed = (printed + chunk.toString()).slice(-100_000);
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      file.end();
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? code}:\n${tellingLines(printed)}\n(all of it: ${log})`));
    });
  });
}

/**
 * npm says at the top what is wrong, Go and apt at the end.
 * @param {string} text
 */
export function tellingLines(text) {
  const lines = text.split('\n').map((line) => line.trimEnd()).filter(Boolean);
  const errors = lines.filter((line) => /\berror\b.*\w.* .*|^E: /i.test(line)).slice(0, 6);
  return (errors.length > 0 ? errors : lines.slice(-8)).map((line) => `    ${line}`).join('\n');
}
