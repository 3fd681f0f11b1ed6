import type { Capabilities } from '../capabilities.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { Attachment, Exit, LogLine, LogOptions, Observed, RemoveOptions, Runtime, RuntimeDescription, RuntimeEvent, Stats, Workload } from '../runtime.ts';
import { FakeLog } from './fake-log.ts';
import { type FakeImage, FakeProcess, type FakeRuntimeClock } from './fake-process.ts';
import type { Program } from './program.ts';

export interface FakeRuntimeOptions {
  readonly clock: FakeRuntimeClock;
  /** Default `fake`. */
  readonly virtualization?: string;
  /** Default: everything but volumes. */
  readonly capabilities?: Partial<Capabilities>;
  readonly version?: string | undefined;
}

export type FakeVerb = 'prepare' | 'start' | 'stop' | 'remove' | 'list' | 'stats';

interface Life {
  readonly workload: Workload;
  readonly log: FakeLog;
  process: FakeProcess;
  exit: Exit | undefined;
  readonly onExit: (() => void)[];
}

const defaultCapabilities: Capabilities = {
  exec: false, console: false, volumes: false, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: false, privileged: true,
};
const programWord = 'program:';
const foreverProgram: Program = [{ forever: true }];

/** A command that makes a fake do exactly this. Any other command runs forever, unless it is one of `missingCommands`. */
export const fakeCommand = (program: Program): string[] => [programWord, JSON.stringify(program)];

/** A runtime in memory. It starts no process and reads no clock but the given one; what it does wrong is scripted by the test. */
export class FakeRuntime implements Runtime {
  readonly virtualization: string;
  /** Images that can be had. Any other is refused as `invalid`. */
  readonly images = new Map<string, FakeImage>();
  /** First words of commands that no image holds. */
  readonly missingCommands = new Set<string>();
  /** Every call in order, for assertions. */
  readonly calls: { readonly verb: FakeVerb; readonly id: string | undefined }[] = [];
  readonly #clock: FakeRuntimeClock;
  readonly #capabilities: Capabilities;
  readonly #version: string | undefined;
  readonly #lives = new Map<string, Life>();
  /** Of workloads that were removed and may live again. */
  readonly #kept = new Map<string, FakeLog>();
  readonly #pulled = new Set<string>();
  readonly #faults: { verb: FakeVerb; error: Error }[] = [];
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #nextPid = 1000;

  constructor(options: FakeRuntimeOptions) {
    this.#clock = options.clock;
    this.virtualization = options.virtualization ?? 'fake';
    this.#capabilities = { ...defaultCapabilities, ...options.capabilities };
    this.#version = options.version;
  }

  /** The next call of this verb rejects with this error and changes nothing. Several faults are used up in order. */
  failNext(verb: FakeVerb, error: Error): void {
    this.#faults.push({ verb, error });
  }

  /** The workload ends by itself now. A code of undefined: nobody saw how. */
  end(id: string, exit: { readonly code: number | undefined; readonly oomKilled?: boolean }): void {
    this.#lives.get(id)?.process.end(exit.code, exit.oomKilled);
  }

  emit(event: RuntimeEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  describe(): RuntimeDescription {
    return { virtualization: this.virtualization, route: 'memory', version: this.#version, capabilities: this.#capabilities };
  }

  async prepare(workload: Workload, signal: AbortSignal): Promise<void> {
    this.#begin('prepare', workload.id, signal);
    const image = this.#imageOf(workload);
    if (!this.#pulled.has(workload.image)) await this.#sleep(image.pullMs ?? 0, signal);
    this.#pulled.add(workload.image);
  }

  async start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    this.#begin('start', workload.id, signal);
    const running = this.#lives.get(workload.id);
    if (running && !running.exit) return this.#observe(running);
    if (workload.privileged && !this.#capabilities.privileged) throw new RuntimeError('rejected', `${workload.name}: privileged workloads are not allowed here`);
    const image = this.#imageOf(workload);
    if (!this.#pulled.has(workload.image)) await this.prepare(workload, signal);
    const [command] = workload.command;
    if (command !== undefined && this.missingCommands.has(command)) throw new RuntimeError('failed', `${workload.name}: no command ${command} in ${workload.image}`);
    return this.#live(workload, attachment, image);
  }

  async stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    this.#begin('stop', id, signal);
    const life = this.#lives.get(id);
    if (!life || life.exit) return life?.exit;
    life.process.signal('SIGTERM');
    if (!life.exit) await this.#sleep(graceMs, signal, (awake) => life.onExit.push(awake));
    life.process.signal('SIGKILL');
    return life.exit;
  }

  async remove(id: string, signal: AbortSignal, { keepLogs = false }: RemoveOptions = {}): Promise<void> {
    this.#begin('remove', id, signal);
    const life = this.#lives.get(id);
    life?.process.signal('SIGKILL');
    this.#lives.delete(id);
    if (!keepLogs) this.#kept.delete(id);
    else if (life) this.#kept.set(id, life.log);
    return Promise.resolve();
  }

  async list(signal: AbortSignal): Promise<readonly Observed[]> {
    this.#begin('list', undefined, signal);
    return Promise.resolve([...this.#lives.values()].map((life) => this.#observe(life)));
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    const own = (event: RuntimeEvent) => listener(event);
    this.#listeners.add(own);
    queueMicrotask(() => this.#listeners.has(own) && own({ id: undefined, kind: 'resync' }));
    return () => void this.#listeners.delete(own);
  }

  async stats(signal: AbortSignal): Promise<readonly Stats[]> {
    this.#begin('stats', undefined, signal);
    const running = [...this.#lives.values()].filter((life) => !life.exit);
    return Promise.resolve(running.map(({ workload, process }) => ({
      id: workload.id, cpuMs: this.#clock.now() - process.startedAtMs, memoryBytes: 2 ** 20, memoryLimitBytes: workload.limits.memoryMiB * 2 ** 20, oomKills: 0,
    })));
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    return (this.#lives.get(id)?.log ?? this.#kept.get(id) ?? emptyLog()).read(options, signal);
  }

  #begin(verb: FakeVerb, id: string | undefined, signal: AbortSignal): void {
    this.calls.push({ verb, id });
    signal.throwIfAborted();
    const index = this.#faults.findIndex((fault) => fault.verb === verb);
    const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
    if (fault) throw fault.error;
  }

  #imageOf(workload: Workload): FakeImage {
    const image = this.images.get(workload.image);
    if (!image) throw new RuntimeError('invalid', `${workload.image}: no such image`);
    return image;
  }

  #live(workload: Workload, attachment: Attachment, image: FakeImage): Observed {
    const log = this.#lives.get(workload.id)?.log ?? this.#kept.get(workload.id) ?? new FakeLog();
    log.open();
    const ended = (exit: Exit) => {
      life.exit = exit;
      for (const awake of life.onExit.splice(0)) awake();
      this.emit({ id: workload.id, kind: exit.oomKilled ? 'out-of-memory' : 'exited' });
    };
    const process = new FakeProcess(this.#nextPid++, { workload, attachment, image, log, clock: this.#clock, ended });
    const life: Life = { workload, log, process, exit: undefined, onExit: [] };
    this.#lives.set(workload.id, life);
    const started = this.#observe(life);
    this.emit({ id: workload.id, kind: 'started' });
    process.run(programOf(workload, image));
    return started;
  }

  #observe({ workload, process, exit }: Life): Observed {
    return {
      id: workload.id, virtualization: this.virtualization, labels: workload.labels, startedAtMs: process.startedAtMs, exit,
      phase: exit ? 'stopped' : 'running', pid: exit ? undefined : process.pid,
    };
  }

  #sleep(ms: number, signal: AbortSignal, early?: (awake: () => void) => void): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => () => {
        cancel();
        signal.removeEventListener('abort', abort);
        outcome();
      };
      const abort = settle(() => reject(signal.reason as Error));
      const cancel = this.#clock.after(ms, settle(resolve));
      early?.(settle(resolve));
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

function programOf({ command }: Workload, image: FakeImage): Program {
  if (command.length === 0) return image.program ?? foreverProgram;
  const [word, program] = command;
  return word === programWord && program !== undefined ? (JSON.parse(program) as Program) : foreverProgram;
}

function emptyLog(): FakeLog {
  const log = new FakeLog();
  log.end();
  return log;
}
