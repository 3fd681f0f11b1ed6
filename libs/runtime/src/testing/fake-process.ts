import type { Attachment, Exit, Workload } from '../runtime.ts';
import type { FakeLog } from './fake-log.ts';
import { exitCodeOf, type Program, type Shown, type Step } from './program.ts';

/** Time of a fake; a `Clock` of the reconcile library fits. */
export interface FakeRuntimeClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after a delay, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

export interface FakeImage {
  /** How long the first `prepare` takes; afterwards the image is there. */
  readonly pullMs?: number;
  /** What it does when the workload has no command of its own. Default: runs forever. */
  readonly program?: Program;
  readonly environment?: readonly string[];
  /** `uid:gid`, as `show user` says it. */
  readonly user?: string;
  readonly directory?: string;
}

interface Surroundings {
  readonly workload: Workload;
  readonly attachment: Attachment;
  readonly image: FakeImage;
  readonly log: FakeLog;
  readonly clock: FakeRuntimeClock;
  readonly ended: (exit: Exit) => void;
}

/** One life of a fake workload: runs its program on the given clock. */
export class FakeProcess {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly #around: Surroundings;
  readonly #files = new Map<string, number>();
  #ignoresTerm = false;
  #over = false;
  #cancel: () => void = () => undefined;

  constructor(pid: number, around: Surroundings) {
    this.pid = pid;
    this.#around = around;
    this.startedAtMs = around.clock.now();
  }

  run(program: Program): void {
    const [step, ...rest] = program;
    if (this.#over) return;
    if (step === undefined) return this.end(exitCodeOf(program));
    if ('forever' in step) return;
    if ('sleepMs' in step) this.#cancel = this.#around.clock.after(step.sleepMs, () => this.run(rest));
    else if (this.#do(step)) this.run(rest);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGKILL') this.end(137);
    else if (!this.#ignoresTerm) this.end(143);
  }

  end(code: number | undefined, oomKilled = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.#around.log.end();
    this.#around.ended({ code, oomKilled, atMs: this.#around.clock.now() });
  }

  /** True when the program goes on. */
  #do(step: Exclude<Step, { forever: true } | { sleepMs: number }>): boolean {
    if ('exit' in step) this.end(step.exit);
    else if ('say' in step) this.#say(step.say, step.to);
    else if ('show' in step) for (const line of this.#facts(step.show)) this.#say(line);
    else if ('count' in step) this.#say(String(this.#count(step.count)));
    else if ('read' in step) this.#say(this.#files.has(step.read) ? String(this.#files.get(step.read)) : 'unreadable');
    else if ('write' in step) this.#say(this.#count(step.write) > 0 ? 'written' : 'refused');
    else if ('ignoreTerm' in step) this.#ignoresTerm = true;
    else if (this.#exceeds(step.eatMemoryMiB)) this.end(137, true);
    return !this.#over;
  }

  #say(text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    this.#around.log.add({ stream, text });
  }

  #count(file: string): number {
    const lines = (this.#files.get(file) ?? 0) + 1;
    this.#files.set(file, lines);
    return lines;
  }

  #exceeds(memoryMiB: number): boolean {
    const limit = this.#around.workload.limits.memoryMiB;
    return limit > 0 && memoryMiB > limit;
  }

  #facts(shown: Shown): readonly string[] {
    const { workload, attachment, image } = this.#around;
    switch (shown) {
      case 'environment': return overlaid([...(image.environment ?? []), `HOSTNAME=${workload.hostname}`, ...workload.environment]);
      case 'user': return [image.user ?? '0:0'];
      case 'hostname': return [workload.hostname];
      case 'hosts': return attachment.hosts.map(({ address, names }) => `${address} ${names.join(' ')}`);
      case 'nameservers': return attachment.nameservers;
      case 'directory': return [image.directory ?? '/'];
      case 'capabilities': return [workload.privileged ? 'all' : 'default'];
    }
  }
}

/** Of two values for one name the later wins. */
function overlaid(environment: readonly string[]): string[] {
  return [...new Map(environment.map((entry) => [entry.split('=')[0], entry])).values()];
}
