import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { parseVersion, programVersion } from './program-version.ts';

const never = new AbortController().signal;

test.each([
  ['runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\n', '1.1.5+ds1'], ['crun version 1.8.1\ncommit: f8a0\n', '1.8.1'],
  ['runsc version release-20260105.0\nspec: 1.1.0-rc.1\n', 'release-20260105.0'], ['kata-runtime  : 3.2.0\n', '3.2.0'], ['Docker version 28.2.2, build e6534b4', '28.2.2'],
  ['runsc version VERSION_MISSING\nspec: 1.2.1\n', undefined], ['', undefined], ['usage: thing [flags]\n2.0\n', undefined],
])('%j', (said, version) => {
  expect(parseVersion(said)).toBe(version);
});

test('whatever a program says, a version is one short word of its first line', () => {
  fc.assert(fc.property(fc.string(), (said) => {
    const version = parseVersion(said);
    expect(version === undefined || (version.length <= 100 && !/\s/.test(version) && said.split('\n')[0]?.includes(version) === true)).toBe(true);
  }));
});

function program(script: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'oak-version-'));
  onTestFinished(() => { rmSync(dir, { recursive: true, force: true }); });
  const path = join(dir, 'program');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a program is asked; one that fails, hangs, floods or is not there has no version', async () => {
  expect(await programVersion(program('[ "$1" = --version ] && echo "mine version 4.5"'), never)).toBe('4.5');
  expect(await programVersion(program('echo "mine version 4.5"; exit 1'), never)).toBeUndefined();
  expect(await programVersion(program('echo "mine version 4.5"; exec sleep 1000'), never, 200)).toBeUndefined();
  expect(await programVersion(program('exec yes version 1'), never)).toBeUndefined();
  expect(await programVersion('/nowhere/program', never)).toBeUndefined();
});

test('one that is asked no longer ends with the reason', async () => {
  const controller = new AbortController();
  const asking = programVersion(program('exec sleep 1000'), controller.signal);
  controller.abort(new Error('stopped'));
  await expect(asking).rejects.toThrow('stopped');
});
