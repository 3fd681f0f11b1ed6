import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oak = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

export interface Outcome { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/** A command that runs. */
export class Running {
  readonly #process: ChildProcess;
  readonly #said = { stdout: '', stderr: '' };
  readonly #ended: Promise<unknown>;

  constructor(process: ChildProcess) {
    this.#process = process;
    this.#ended = once(process, 'close');
    process.stdout?.on('data', (part: Buffer) => { this.#said.stdout += part.toString(); });
    process.stderr?.on('data', (part: Buffer) => { this.#said.stderr += part.toString(); });
  }

  /** Resolves when stdout or stderr hold it. @throws Error when it ends without */
  async saying(what: RegExp): Promise<void> {
    while (!what.test(this.#said.stdout + this.#said.stderr)) {
      const ended = await Promise.race([this.#ended.then(() => true), once(this.#process.stdout ?? this.#process, 'data').then(() => false), once(this.#process.stderr ?? this.#process, 'data').then(() => false)]);
      if (ended) throw new Error(`it ended and never said ${what.source}: ${JSON.stringify(this.#said)}`);
    }
  }

  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  async end(): Promise<Outcome> {
    await this.#ended;
    return { exitCode: this.#process.exitCode ?? -1, ...this.#said };
  }
}

/** A shell with `oak` on its path, in a folder and with a home of its own. `leave` ends what still runs and takes the folder away. */
export class Shell {
  readonly dir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #running = new Set<ChildProcess>();

  private constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.#env = { ...env, PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: dir, TERM: 'xterm' };
  }

  static async open(env: Readonly<Record<string, string>>): Promise<Shell> {
    const dir = await mkdtemp(join(tmpdir(), 'oak-e2e-cli-'));
    await mkdir(join(dir, 'bin'));
    await writeFile(join(dir, 'bin/oak'), `#!/bin/sh\nexec ${process.execPath} ${oak} "$@"\n`, { mode: 0o755 });
    return new Shell(dir, env);
  }

  /** With nobody at a terminal. */
  start(line: string): Running {
    return this.#spawn(['bash', '--norc', '-c', line]);
  }

  /** In front of a terminal, where what is typed goes. */
  startAtTerminal(line: string): Running {
    return this.#spawn(['script', '--quiet', '--return', '--command', line, '/dev/null']);
  }

  run(line: string): Promise<Outcome> {
    const running = this.start(line);
    return running.end();
  }

  #spawn([command = '', ...args]: readonly string[]): Running {
    const child = spawn(command, args, { cwd: this.dir, env: this.#env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#running.add(child);
    child.on('close', () => this.#running.delete(child));
    return new Running(child);
  }

  async leave(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await rm(this.dir, { recursive: true, force: true });
  }
}
