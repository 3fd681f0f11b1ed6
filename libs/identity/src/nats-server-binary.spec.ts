import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findNatsServer, isAtLeast } from './nats-server-binary.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'oak-binary-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

/** A program that claims to be a nats-server of that version. */
function claim(name: string, version: string): string {
  writeFileSync(join(folder, name), `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return join(folder, name);
}

test.each([['2.12.12', true], ['2.12.15', true], ['2.13.0', true], ['3.0.0', true], ['2.12.11', false], ['2.9.10', false], ['1.99.99', false]])('%s is new enough: %s', (version, good) => {
  expect(isAtLeast(version, '2.12.12')).toBe(good);
});

test('an old one on PATH is passed over for an installed one', () => {
  claim('nats-server', '2.9.10');
  const tools = mkdtempSync(join(folder, 'tools-'));
  writeFileSync(join(tools, 'nats-server'), '#!/bin/sh\necho "nats-server: v2.12.15"\n', { mode: 0o755 });
  expect(findNatsServer({ PATH: `${folder}:/usr/bin:/bin`, OAK_TOOLS_DIR: tools })).toBe(join(tools, 'nats-server'));
});

test('only old ones, or none, or a wrong name: the error says what was found and what to do', () => {
  const old = claim('nats-server', '2.12.11');
  expect(() => findNatsServer({ PATH: folder, OAK_TOOLS_DIR: '/nonexistent' })).toThrow(`nats-server 2.12.12 or newer is needed; ${old} is 2.12.11. Run "npm run setup"`);
  expect(() => findNatsServer({ PATH: '/nonexistent', OAK_TOOLS_DIR: '/nonexistent' })).toThrow('none was found');
  writeFileSync(join(folder, 'other'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
  expect(() => findNatsServer({ NATS_SERVER: join(folder, 'other') })).toThrow('is no nats-server');
});
