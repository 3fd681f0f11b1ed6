import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { observe } from './observe.mjs';
import { toolsFolder } from './places.mjs';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'oak-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const saying = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${text}'\n`);
  chmodSync(path, 0o755);
  return path;
};
const see = (env: Record<string, string>) => observe({ PATH: '/usr/bin:/bin', OAK_TOOLS_DIR: folder, ...env }, checkout);

describe('observe', () => {
  it.each([
    ['too old', 'nats-server: v2.9.10', false],
    ['at the floor', 'nats-server: v2.12.12', true],
    ['another program', 'true (GNU coreutils) 9.1', false],
  ])('NATS_SERVER that is %s', (_, text, usable) => {
    const seen = see({ NATS_SERVER: saying('named', text) });
    expect(seen.missingTools.includes('nats-server')).toBe(!usable);
    expect(seen.natsRefused === undefined).toBe(usable);
  });

  it('passes an old nats-server on the PATH over, and takes the one of the tools folder', () => {
    saying('nats-server', 'nats-server: v2.9.10');
    expect(see({ PATH: `${folder}:/usr/bin:/bin` }).missingTools).toContain('nats-server');
    expect(see({ PATH: `${folder}:/usr/bin:/bin`, OAK_TOOLS_DIR: toolsFolder(process.env) }).missingTools).not.toContain('nats-server');
  });

  it('takes a runsc that is on the PATH only when it is new enough', () => {
    saying('runsc', 'runsc version release-20221219.0-2');
    expect(see({ PATH: `${folder}:/usr/bin:/bin` }).missingTools).toContain('runsc');
    saying('runsc', 'runsc version release-20260105.0');
    expect(see({ PATH: `${folder}:/usr/bin:/bin` }).missingTools).not.toContain('runsc');
  });
});

describe('the program', () => {
  const setup = (args: string[], env: Record<string, string>) =>
    spawnSync(process.execPath, [join(checkout, 'tools/setup/setup.mjs'), ...args], { env: { PATH: '/usr/bin:/bin', ...env }, encoding: 'utf8' });

  it('says only what is missing with --check, and tells by its exit code', () => {
    const { status, stdout } = setup(['--check'], { OAK_TOOLS_DIR: join(folder, 'empty') });
    expect(status).toBe(1);
    expect(stdout).toMatch(/would .*nats-server/);
  });

  it('is refused what it cannot use, in plain words', () => {
    const { status, stderr } = setup([], { OAK_TOOLS_DIR: toolsFolder(process.env), NATS_SERVER: '/bin/true' });
    expect(status).toBe(1);
    expect(stderr).toContain('NATS_SERVER=/bin/true is not a nats-server of at least 2.12.12');
  });
});
