import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the generated code is what net.proto says', () => {
  const lib = join(import.meta.dirname, '..');
  const fresh = mkdtempSync(join(tmpdir(), 'oak-net-gen-'));
  try {
    execFileSync(process.execPath, [join(lib, 'proto/generate.mjs'), fresh]);
    const files = (dir: string) => readdirSync(dir).toSorted().map((name) => [name, readFileSync(join(dir, name), 'utf8')]);
    expect(files(fresh)).toEqual(files(join(lib, 'src/gen')));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}, 60_000);
