import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Runs a program with no standard input; everything that it prints goes to the log file.
 * @param {string} command
 * @param {string[]} args
 * @param {{env: import('./places.mjs').Environment, cwd?: string, log: string}} options
 * @returns {Promise<void>} rejects with the last lines that the program printed
 */
export function run(command, args, { env, cwd, log }) {
  return new Promise((resolve, reject) => {
    mkdirSync(dirname(log), { recursive: true });
    const file = createWriteStream(log, { flags: 'a' });
    file.write(`\n$ ${command} ${args.join(' ')}\n`);
    const child = spawn(command, args, { env, ...(cwd ? { cwd } : {}), stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (/** @type {Buffer} */ chunk) => {
        file.write(chunk);
        tail = (tail + chunk.toString()).slice(-2000);
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      file.end();
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? code}:\n${lastLines(tail, 8)}\n(all of it: ${log})`));
    });
  });
}

/** @param {string} text @param {number} count */
function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).map((line) => `    ${line}`).join('\n');
}
