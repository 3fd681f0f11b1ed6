/**
 * Decides whether node_modules holds what package-lock.json asks for, by comparing npm's own record of the installation with the lock. Times of files say
 * nothing after a git checkout, and `npm ci` for a lock that has not really changed would pull node_modules away from under running programs.
 *
 * @typedef {{version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean, devOptional?: boolean, dependencies?: unknown}} Entry
 * @typedef {{packages?: Record<string, Entry>}} Lock
 *
 * @param {Lock} wanted package-lock.json
 * @param {Lock | undefined} installed node_modules/.package-lock.json
 * @returns {string | undefined} the first difference, in words; undefined when nothing is to be done
 */
export function lockDifference(wanted, installed) {
  if (!installed?.packages) return 'node_modules is missing';
  const have = installed.packages;
  for (const [path, entry] of Object.entries(wanted.packages ?? {})) {
    if (!path.includes('node_modules/')) continue; // the workspaces themselves are this checkout
    const there = have[path];
    if (!there && !entry.optional) return `${path} is not installed`;
    if (there && identity(there) !== identity(entry)) return `${path} is installed as ${there.version ?? 'another'}, the lock wants ${entry.version ?? 'this checkout'}`;
  }
  const extra = Object.keys(have).find((path) => path.includes('node_modules/') && !wanted.packages?.[path]);
  return extra ? `${extra} is installed, the lock does not want it` : undefined;
}

/** @param {Entry} entry */
function identity(entry) {
  return entry.link ? `link to ${entry.resolved}` : `${entry.version} ${entry.integrity}`;
}
