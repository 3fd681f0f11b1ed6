import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { listenSchema, newId, readConfig, StateDir } from './index.ts';

const made: string[] = [];
const dir = (): string => { const path = mkdtempSync(join(tmpdir(), 'oak-process-')); made.push(path); return path; };
afterEach(() => { for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true }); });

test('every variable at fault is named, with its value', () => {
  const schema = z.object({ OAK_HTTP_LISTEN: listenSchema, OAK_NAME: z.string() });
  expect(() => readConfig(schema, { OAK_HTTP_LISTEN: 'here' })).toThrow(/OAK_HTTP_LISTEN=here: expected host:port[^]*OAK_NAME=\(not set\)/);
  expect(readConfig(schema, { OAK_HTTP_LISTEN: '[::1]:80', OAK_NAME: 'x' })).toEqual({ OAK_HTTP_LISTEN: { host: '::1', port: 80 }, OAK_NAME: 'x' });
});

test('epochs grow over restarts, secrets are made once and are for the owner only', () => {
  const path = join(dir(), 'state');
  expect([new StateDir(path).nextEpoch(), new StateDir(path).nextEpoch()]).toEqual([1, 2]);
  expect(new StateDir(path).once('key', () => 'a')).toBe('a');
  expect(new StateDir(path).once('key', () => 'b')).toBe('a');
  expect(statSync(join(path, 'key')).mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a damaged epoch is not guessed', () => {
  const state = new StateDir(dir());
  state.write('epoch', 'x');
  expect(() => state.nextEpoch()).toThrow(/expected a whole number/);
});

test('ids have 24 hex characters, do not repeat, and sort by age', () => {
  const ids = Array.from({ length: 1000 }, newId);
  expect(ids.every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(1000);
  expect([...ids].sort()).toEqual(ids);
});
