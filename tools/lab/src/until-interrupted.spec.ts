import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { untilInterrupted } from './until-interrupted.ts';

test.each(['SIGINT', 'SIGTERM'] as const)('a process with nothing else to do waits for %s, and then goes on', async (name) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/interrupted-main.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => { said += String(bytes); });
    await once(child.stdout, 'data');
    // A process that nothing keeps would be gone by the time its output has ended.
    const ended = await Promise.race([once(child, 'exit').then(() => true), new Promise((resolve) => setTimeout(resolve, 500)).then(() => false)]);
    expect(ended).toBe(false);
    const exit = once(child, 'exit');
    child.kill(name);
    expect(await exit).toEqual([0, null]);
    expect(said).toBe('waiting\ninterrupted\n');
  } finally {
    child.kill('SIGKILL');
  }
});

test('who was interrupted before does not wait', async () => {
  await untilInterrupted(AbortSignal.abort());
});
