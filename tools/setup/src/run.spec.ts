import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, tellingLines } from './run.mjs';

const folder = mkdtempSync(join(tmpdir(), 'oak-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('run', () => {
  it('keeps what a program prints, and tells why it failed', async () => {
    const log = join(folder, 'log');
    const failing = run('sh', ['-c', 'echo going; echo "error: no space left" >&2; exit 3'], { env: process.env, log });
    await expect(failing).rejects.toThrow(/sh ended with 3:\n {4}error: no space left\n/);
    expect(readFileSync(log, 'utf8')).toContain('going');
  });

  it('shows the end of what a program says that names no error', () => {
    expect(tellingLines(`${'line\n'.repeat(20)}last`).split('\n')).toHaveLength(8);
  });
});
