import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const lib = join(import.meta.dirname, '../..');
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

test('the generated code is what the protos say', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oak-gen-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [join(lib, 'proto/generate.mjs'), join(folder, 'gen')]);
  expect(filesOf(join(folder, 'gen'))).toEqual(filesOf(join(lib, 'src/gen')));
});
