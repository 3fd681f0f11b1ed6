import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real nats-server on a free port of the loopback, with its own folder. */
export class NatsServer {
  readonly port: number;
  readonly #dir: string;
  #child: ChildProcess;

  /** `config`: lines of nats.conf. */
  static async start(config = ''): Promise<NatsServer> {
    const dir = mkdtempSync(join(tmpdir(), 'oak-nats-'));
    try {
      writeFileSync(join(dir, 'nats.conf'), config, { mode: 0o600 });
      const child = launch(dir, -1);
      return new NatsServer(dir, child, await portOf(dir, child));
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(dir: string, child: ChildProcess, port: number) {
    this.#dir = dir;
    this.#child = child;
    this.port = port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Ends the process; the port stays reserved for `resume`. */
  async halt(): Promise<void> {
    await end(this.#child);
  }

  async resume(): Promise<void> {
    this.#child = launch(this.#dir, this.port);
    await portOf(this.#dir, this.#child);
  }

  async stop(): Promise<void> {
    await end(this.#child);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function launch(dir: string, port: number): ChildProcess {
  for (const name of readdirSync(dir)) if (name.endsWith('.ports')) rmSync(join(dir, name));
  return spawn(binary(), ['-c', join(dir, 'nats.conf'), '-a', '127.0.0.1', '-p', String(port), '--ports_file_dir', dir], { stdio: 'ignore' });
}

/** NATS_SERVER, then where `npm run setup` installs, then PATH. */
function binary(): string {
  const given = process.env['NATS_SERVER'];
  if (given) return given;
  const installed = join(process.env['OAK_TOOLS_DIR'] ?? join(homedir(), '.cache', 'oakestra', 'bin'), 'nats-server');
  return existsSync(installed) ? installed : 'nats-server';
}

async function portOf(dir: string, child: ChildProcess): Promise<number> {
  let failure: Error | undefined;
  child.once('error', (error) => { failure = error; });
  for (let tries = 0; tries < 2000; tries++) {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`);
    const port = readPort(dir);
    if (port !== undefined) return port;
    await sleep(5);
  }
  await end(child);
  throw new Error('nats-server wrote no ports file');
}

/** The file may be half written. */
function readPort(dir: string): number | undefined {
  const file = readdirSync(dir).find((name) => name.endsWith('.ports'));
  const url = file && /nats:\/\/127\.0\.0\.1:(\d+)"/.exec(readFileSync(join(dir, file), 'utf8'))?.[1];
  return url ? Number(url) : undefined;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
