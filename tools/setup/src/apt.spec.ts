import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aptScript, shieldIsUp } from './apt.mjs';

/** Runs the real script against a policy file and an apt-get of the test's own. */
describe('the shield that keeps apt from starting services', () => {
  let folder: string;
  let policy: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'oak-setup-'));
    policy = join(folder, 'policy-rc.d');
    mkdirSync(join(folder, 'bin'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** An apt-get that records its arguments and whether services could start, then does what `then` says. */
  const aptGet = (then: string) => {
    const path = join(folder, 'bin', 'apt-get');
    writeFileSync(path, `#!/bin/sh\necho "$*" >> ${folder}/calls\n${policy} nginx start; echo $? >> ${folder}/answers\n${then}\n`);
    chmodSync(path, 0o755);
  };
  const script = (...packages: string[]) => aptScript(packages, { policy, lock: join(folder, 'lock') });
  const runScript = (text: string) => spawnSync('sh', ['-c', text], { env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }, encoding: 'utf8' });
  const lines = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');
  const ownPolicy = (text: string) => {
    writeFileSync(policy, text);
    chmodSync(policy, 0o755);
  };

  it('refuses every start while packages are installed, and is gone after', () => {
    aptGet('exit 0');
    expect(runScript(script('crun', 'umoci')).status).toBe(0);
    expect(lines('calls')).toEqual([expect.stringMatching(/update$/), expect.stringMatching(/install --no-install-recommends crun umoci$/)]);
    expect(lines('answers')).toEqual(['101', '101']);
    expect(existsSync(policy)).toBe(false);
  });

  it('puts the policy of the machine back, also when apt fails', () => {
    ownPolicy('#!/bin/sh\nexit 104\n');
    aptGet('exit 100');
    expect(runScript(script('crun')).status).not.toBe(0);
    expect(lines('answers')).toEqual(['101']);
    expect(readFileSync(policy, 'utf8')).toBe('#!/bin/sh\nexit 104\n');
  });

  it('installs the packages that there are when one is not to be had, and names that one', () => {
    aptGet('case "$*" in *umoci*) exit 100;; esac');
    const { status, stderr } = runScript(script('crun', 'umoci'));
    expect([status, stderr.trim()]).toEqual([1, 'not installed: umoci']);
    expect(lines('calls').slice(2)).toEqual([expect.stringMatching(/ crun$/), expect.stringMatching(/ umoci$/)]);
    expect(existsSync(policy)).toBe(false);
  });

  it('puts the policy back when it is ended in the middle', () => {
    ownPolicy('#!/bin/sh\nexit 104\n');
    aptGet('kill -TERM $PPID');
    expect(runScript(script('crun')).status).toBe(130);
    expect(readFileSync(policy, 'utf8')).toBe('#!/bin/sh\nexit 104\n');
  });

  it('heals after a SIGKILL', () => {
    ownPolicy('#!/bin/sh\nexit 104\n');
    aptGet('kill -KILL $PPID');
    runScript(script('crun'));
    expect(shieldIsUp(policy)).toBe(true);
    execFileSync('sh', ['-c', script()]);
    expect(shieldIsUp(policy)).toBe(false);
    expect(readFileSync(policy, 'utf8')).toBe('#!/bin/sh\nexit 104\n');
  });
});
