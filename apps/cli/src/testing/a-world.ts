import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { run } from '../run.ts';
import type { World } from '../world.ts';

export interface Said { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/** A place of its own for one test: an empty home that goes with it, and nobody at the terminal. */
export class AWorld {
  readonly home = mkdtempSync(join(tmpdir(), 'oak-cli-'));
  readonly env: Record<string, string> = {};
  isTTY = false;
  now = Date.UTC(2026, 0, 1);

  constructor() {
    onTestFinished(() => { rmSync(this.home, { recursive: true, force: true }); });
  }

  get contextsPath(): string {
    return join(this.home, '.config/oakestra/contexts.json');
  }

  /** Only what is outside of a call; streams are made for each. */
  outside(stdin = ''): { world: World; said: () => Omit<Said, 'exitCode'> } {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const heard = [stdout, stderr].map((stream) => { let text = ''; stream.on('data', (part: Buffer) => { text += part.toString(); }); return () => text; });
    const world: World = {
      env: this.env, stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]), stdout: Object.assign(stdout, { isTTY: this.isTTY, columns: 100 }), stderr: Object.assign(stderr, { isTTY: this.isTTY, columns: 100 }),
      now: () => this.now, cwd: this.home, home: this.home,
    };
    return { world, said: () => ({ stdout: heard[0]?.() ?? '', stderr: heard[1]?.() ?? '' }) };
  }

  async oak(args: readonly string[], stdin = ''): Promise<Said> {
    const { world, said } = this.outside(stdin);
    const exitCode = await run(args, world);
    await new Promise((resolve) => { setImmediate(resolve); });
    return { exitCode, ...said() };
  }
}
