import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Older ones let a forged leaf speak for another cluster, among other things. */
export const natsServerFloor = '2.12.12';

/** Looks at NATS_SERVER, PATH, then where `npm run setup` installs. @throws Error that says what was found and what to do */
export function findNatsServer(env: Readonly<Record<string, string | undefined>>): string {
  const tools = env['OAK_TOOLS_DIR'] ?? join(env['HOME'] ?? homedir(), '.cache', 'oakestra', 'bin');
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '').map((dir) => join(dir, 'nats-server'));
  const given = env['NATS_SERVER'];
  const candidates = (given !== undefined ? [given] : [...onPath, join(tools, 'nats-server')]).filter((path) => existsSync(path));
  const seen = candidates.map((path) => ({ path, version: versionOf(path) }));
  const good = seen.find(({ version }) => version !== undefined && isAtLeast(version, natsServerFloor));
  if (good) return good.path;
  const found = seen.length === 0 ? 'none was found' : seen.map(({ path, version }) => `${path} is ${version ?? 'no nats-server'}`).join(', ');
  throw new Error(`nats-server ${natsServerFloor} or newer is needed; ${found}. Run "npm run setup", or name one by NATS_SERVER`);
}

function versionOf(path: string): string | undefined {
  try {
    return /nats-server: v(\d+\.\d+\.\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5_000 }))?.[1];
  } catch {
    return undefined;
  }
}

export function isAtLeast(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at++) if (a![at] !== b![at]) return a![at]! > b![at]!;
  return true;
}
