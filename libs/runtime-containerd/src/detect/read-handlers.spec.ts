import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readHandlers } from './read-handlers.ts';

function folder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'oak-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'conf.d'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const handler = (name: string) => `[plugins.cri.containerd.runtimes.${name}]\nruntime_type = "io.containerd.${name}.v1"\n`;

test('imports are globs beside the file, and a circle of them ends', () => {
  const dir = folder({ 'config.toml': `imports = ["conf.d/*.toml"]\n${handler('one')}`, 'conf.d/a.toml': `imports = ["../config.toml"]\n${handler('two')}`, 'conf.d/b.toml': handler('three'), 'conf.d/c.txt': handler('four') });
  const { handlers, files, problems } = readHandlers(join(dir, 'config.toml'));
  expect(handlers.map(({ name }) => name)).toEqual(['runc', 'one', 'two', 'three']);
  expect(files).toEqual(['config.toml', 'conf.d/a.toml', 'conf.d/b.toml'].map((name) => join(dir, name)));
  expect(problems).toEqual([]);
});

test('no file: the defaults, and the file is watched for', () => {
  const path = join(folder({}), 'config.toml');
  expect(readHandlers(path)).toMatchObject({ handlers: [{ name: 'runc' }], files: [path], problems: [] });
});

test('a file that cannot be read is a problem, not an end', () => {
  const dir = folder({ 'config.toml': 'imports = ["conf.d"]' });
  expect(readHandlers(join(dir, 'config.toml'))).toMatchObject({ handlers: [{ name: 'runc' }], problems: [expect.stringContaining('EISDIR')] });
});
