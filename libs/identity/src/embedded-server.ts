import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { findNatsServer } from './nats-server-binary.ts';
import { identityOf, serverConfig, type ServerSettings } from './server-config.ts';

const pidFileSchema = z.object({ pid: z.int().positive(), startTime: z.string().min(1), hash: z.string() });

export interface EmbeddedServerOptions extends ServerSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (text: string) => void;
  readonly readyWithinMs?: number;
}

export interface EmbeddedServer {
  /** For this process. */
  readonly url: string;
  /** Of the server that runs now: it is started anew when it dies. */
  readonly pid: number;
  /** It ran already, from a process of ours before this one; its clients have noticed nothing. */
  readonly adopted: boolean;
  /** Ends the server. Not called when only its orchestrator stops. */
  stop(): Promise<void>;
}

/** Starts nats-server as a process of its own, or adopts the one that an earlier run left, and from then on starts it anew when it dies. @throws Error with the server's last words */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  return new KeptServer(options, await startOrAdopt(options));
}

/** An adopted server is no child of ours, so nobody tells its end: we look. */
const lookEveryMs = 1_000;

class KeptServer implements EmbeddedServer {
  readonly url: string;
  readonly adopted: boolean;
  readonly #options: EmbeddedServerOptions;
  readonly #timer: NodeJS.Timeout;
  #pid: number;
  #startTime: string | undefined;
  #mending: Promise<void> | undefined;
  #lastFailure = '';

  constructor(options: EmbeddedServerOptions, { pid, adopted }: { pid: number; adopted: boolean }) {
    const { tls, listen } = options;
    this.#options = options;
    this.url = `${tls ? 'tls' : 'nats'}://${loopback(listen.host)}:${listen.port}`;
    this.adopted = adopted;
    this.#pid = pid;
    this.#startTime = startTimeOf(pid);
    this.#timer = setInterval(() => { this.#look(); }, lookEveryMs).unref();
  }

  get pid(): number {
    return this.#pid;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#mending;
    await end(this.#pid);
  }

  #look(): void {
    // A process that nobody could see from the start has ended as well.
    const now = startTimeOf(this.#pid);
    if (this.#mending || (now !== undefined && now === this.#startTime)) return;
    this.#mending = this.#mend().finally(() => { this.#mending = undefined; });
  }

  async #mend(): Promise<void> {
    const { log } = this.#options;
    try {
      if (this.#lastFailure === '') log(`nats-server ${this.#pid} has ended; it is started anew`);
      this.#pid = (await startOrAdopt(this.#options)).pid;
      this.#startTime = startTimeOf(this.#pid);
      this.#lastFailure = '';
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#lastFailure) log(`${failure}. Still trying`);
      this.#lastFailure = failure;
    }
  }
}

async function startOrAdopt(options: EmbeddedServerOptions): Promise<{ pid: number; adopted: boolean }> {
  const { dir, listen, log } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const binary = findNatsServer(options.env);
  const hash = createHash('sha256').update(identityOf(options, binary, filesOf(options))).digest('hex');
  const running = runningServer(dir);
  const adopted = running?.hash === hash && await accepts(listen.host, listen.port);
  if (running && !adopted) {
    log(`nats-server ${running.pid} has another configuration, so it is started anew`);
    await end(running.pid);
  }
  const pid = adopted && running ? running.pid : await launch(options, binary, hash);
  log(adopted ? `adopted nats-server ${pid}` : `started nats-server ${pid} on ${listen.host}:${listen.port}`);
  return { pid, adopted };
}

/** A renewed certificate or credential is a new configuration. */
function filesOf({ remote, tls }: ServerSettings): string[] {
  const names = [remote?.credentialsFile, remote?.caFile, tls?.certFile, tls?.keyFile];
  return names.flatMap((name) => (name === undefined ? [] : [readFileSync(name, 'utf8')]));
}

async function launch(options: EmbeddedServerOptions, binary: string, hash: string): Promise<number> {
  const { dir, listen } = options;
  if (await accepts(listen.host, listen.port)) throw new Error(`${listen.host}:${listen.port} is taken by another program; give this process another port`);
  writeFileSync(join(dir, 'nats.conf'), serverConfig(options), { mode: 0o600 });
  const log = openSync(join(dir, 'nats.log'), 'a', 0o600);
  try {
    const child = spawn(binary, ['-c', join(dir, 'nats.conf')], { detached: true, stdio: ['ignore', log, log] });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    if (child.pid === undefined) return await failed;
    child.unref();
    // Before it is ready: if this process dies meanwhile, the next one still knows the server for ours.
    remember(dir, { pid: child.pid, startTime: startTimeOf(child.pid) ?? '', hash });
    await Promise.race([failed, untilReady(options, child.pid)]);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

async function untilReady({ dir, listen, readyWithinMs = 10_000 }: EmbeddedServerOptions, pid: number): Promise<void> {
  const until = Date.now() + readyWithinMs;
  while (!await accepts(listen.host, listen.port)) {
    if (startTimeOf(pid) === undefined) throw new Error(`nats-server ended: ${lastWords(dir)}`);
    if (Date.now() > until) { await end(pid); throw new Error(`nats-server is not ready after ${readyWithinMs} ms: ${lastWords(dir)}`); }
    await sleep(10);
  }
}

function remember(dir: string, record: z.infer<typeof pidFileSchema>): void {
  const file = join(dir, 'nats.pid');
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The one of the pid file, if that pid is still the same process. A file that does not parse remembers nothing. */
function runningServer(dir: string): { pid: number; hash: string } | undefined {
  try {
    const { pid, startTime, hash } = pidFileSchema.parse(JSON.parse(readFileSync(join(dir, 'nats.pid'), 'utf8')));
    return startTimeOf(pid) === startTime ? { pid, hash } : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat tells a recycled pid. Undefined: no such process, or it has ended and waits to be collected. */
function startTimeOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function end(pid: number): Promise<void> {
  const startTime = startTimeOf(pid);
  if (startTime === undefined) return;
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + 5_000;
  while (startTimeOf(pid) === startTime) {
    if (Date.now() > until) { process.kill(pid, 'SIGKILL'); return; }
    await sleep(20);
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: loopback(host), port, timeout: 1_000 });
    const settle = (answer: boolean): void => { socket.destroy(); resolve(answer); };
    socket.once('connect', () => { settle(true); });
    socket.once('error', () => { settle(false); });
    socket.once('timeout', () => { settle(false); });
  });
}

function loopback(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

function lastWords(dir: string): string {
  return readFileSync(join(dir, 'nats.log'), 'utf8').trim().split('\n').slice(-4).join(' | ');
}
