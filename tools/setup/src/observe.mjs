import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isStatic } from './elf.mjs';
import { goBuild, goCommands } from './go-build.mjs';
import { lockDifference } from './lockfile.mjs';
import { debianPackages, goTools, natsFloor, natsServer, runscFloor } from './needs.mjs';
import { findCommand, isExecutable, toolsFolder } from './places.mjs';
import { shieldIsUp } from './apt.mjs';
import { atLeast, versionIn } from './versions.mjs';

/**
 * What is on this machine.
 * @typedef {object} Observation
 * @property {string[]} missingPackages names of Debian packages whose command is missing
 * @property {string[]} missingTools names of Go tools that are missing or of another version
 * @property {string | undefined} natsRefused why the nats-server that NATS_SERVER names cannot be used
 * @property {string | undefined} npmDifference why `npm ci` is needed
 * @property {boolean} shieldIsUp an earlier run was killed while apt was kept from starting services
 * @property {boolean} hasApt
 * @property {boolean} hasGo
 * @property {boolean} hasPip
 * @property {'root' | 'sudo' | 'none'} power how a package can be installed
 *
 * @param {import('./places.mjs').Environment} env
 * @param {string} checkout root folder of the repository
 * @returns {Observation}
 */
export function observe(env, checkout) {
  const nats = natsState(env);
  return {
    missingPackages: debianPackages.filter((wanted) => !packageIsThere(wanted, env)).map(({ name }) => name),
    missingTools: [...(nats.found ? [] : [natsServer.name]), ...goTools.filter((tool) => !toolIsThere(tool, env)).map(({ name }) => name)],
    natsRefused: nats.refused,
    npmDifference: npmDifference(checkout),
    shieldIsUp: shieldIsUp(),
    hasApt: Boolean(findCommand('apt-get', env)),
    hasGo: Boolean(findCommand('go', env)),
    hasPip: Boolean(findCommand('python3', env)),
    power: process.getuid?.() === 0 ? 'root' : findCommand('sudo', env) ? 'sudo' : 'none',
  };
}

/** @param {import('./needs.mjs').DebianPackage} wanted @param {import('./places.mjs').Environment} env */
function packageIsThere(wanted, env) {
  const path = findCommand(wanted.command, env);
  return path !== undefined && (!wanted.static || isStatic(path));
}

/**
 * Looks where the orchestrators look, in the same order: NATS_SERVER, the PATH, the tools folder.
 * @param {import('./places.mjs').Environment} env
 * @returns {{found: boolean, refused?: string}}
 */
function natsState(env) {
  const named = env['NATS_SERVER'];
  const usable = (/** @type {string | undefined} */ path) => path !== undefined && atLeast(natsVersion(path) ?? '0', natsFloor);
  if (named) {
    const problem = `NATS_SERVER=${named} is not a nats-server of at least ${natsFloor} (it says ${natsVersion(named) ?? 'nothing'}); unset it, or name a newer one`;
    return usable(named) ? { found: true } : { found: false, refused: problem };
  }
  return { found: usable(findCommand('nats-server', env)) || usable(join(toolsFolder(env), 'nats-server')) };
}

/** @param {string} path @returns {string | undefined} e.g. 2.12.15 */
function natsVersion(path) {
  if (!isExecutable(path)) return undefined;
  const build = goBuild(path); // reading takes 0.1 ms, asking the program 15 ms
  const released = build?.module === natsServer.module ? versionIn(build.version) : undefined;
  const said = () => /nats-server: v(\S+)/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  return released ?? versionIn(said() ?? '');
}

/** @param {import('./needs.mjs').GoTool} tool @param {import('./places.mjs').Environment} env */
function toolIsThere(tool, env) {
  if (tool.name === 'runsc' && runscOnPath(env)) return true;
  const folder = join(toolsFolder(env), tool.folder);
  return goCommands(tool).every(({ name }) => isBuiltFrom(join(folder, name), tool));
}

/** @param {string} path @param {import('./needs.mjs').GoTool} tool */
export function isBuiltFrom(path, tool) {
  const build = isExecutable(path) ? goBuild(path) : undefined;
  return build?.module === tool.module && build.version === tool.version;
}

/** A released runsc calls itself release-YYYYMMDD.N. @param {import('./places.mjs').Environment} env */
function runscOnPath(env) {
  const path = findCommand('runsc', env);
  const day = path && /release-(\d{8})/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  return Boolean(day && day >= runscFloor);
}

/** @param {string} checkout */
function npmDifference(checkout) {
  const read = (/** @type {string} */ path) => /** @type {import('./lockfile.mjs').Lock} */ (JSON.parse(readFileSync(join(checkout, path), 'utf8')));
  const record = 'node_modules/.package-lock.json';
  const difference = lockDifference(read('package-lock.json'), existsSync(join(checkout, record)) ? read(record) : undefined);
  return difference ?? (hasNode24(checkout) ? undefined : 'Node 24 is not installed');
}

/** npm counts the package that brings Node 24 as optional, since each machine takes only one of them. @param {string} checkout */
function hasNode24(checkout) {
  return existsSync(join(checkout, 'node_modules/.bin/node')) || atLeast(process.versions.node, '24');
}
