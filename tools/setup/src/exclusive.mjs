import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, toolsFolder } from './places.mjs';

const mark = 'OAK_SETUP_EXCLUSIVE';

/** @param {import('./places.mjs').Environment} env */
export function isExclusive(env) {
  return env[mark] === '1';
}

/**
 * Runs this program again while holding a lock on the tools folder and on the checkout. The kernel lets go of both when the process ends, however it ends.
 * @param {string[]} argv
 * @param {import('./places.mjs').Environment} env
 * @param {string} checkout
 * @returns {number} exit code
 */
export function runExclusively(argv, env, checkout) {
  if (!findCommand('flock', env)) throw new Error('the command flock is missing: install util-linux');
  const folders = [toolsFolder(env), join(checkout, '.oak')];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const [first = '', second = ''] = folders.map((folder) => join(folder, '.setup-lock'));
  const { status, error } = spawnSync('flock', [first, 'flock', second, process.execPath, ...argv], { env: { ...env, [mark]: '1' }, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}
