import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** @typedef {Record<string, string | undefined>} Environment */

/**
 * Where the tools are that no Debian package gives: OAK_TOOLS_DIR, or the user's cache.
 * @param {Environment} env
 */
export function toolsFolder(env) {
  return env['OAK_TOOLS_DIR'] || join(env['HOME'] || homedir(), '.cache', 'oakestra', 'bin');
}

/**
 * Path of a command as a shell would find it; the system folders are looked at even where a user's PATH lacks them.
 * @param {string} command
 * @param {Environment} env
 * @returns {string | undefined}
 */
export function findCommand(command, env) {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.filter(Boolean).map((folder) => join(folder, command)).find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
