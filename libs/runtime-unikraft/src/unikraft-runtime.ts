import {
  RuntimeError, Turns, type Attachment, type Capabilities, type Exit, type LogLine, type LogOptions, type Observed, type RemoveOptions, type Runtime, type RuntimeDescription, type RuntimeEvent, type Stats,
  type Workload, type WorkloadLogs,
} from '@oak/runtime';
import type { Boot, Kernel, Machine, UnikernelDriver } from './driver.ts';
import { isProbe } from './probe/probe-driver.ts';

export const virtualization = 'unikernel';

/** Where kernels come from. */
export interface Kernels {
  /** Present, verified, and of this machine's architecture. @throws RuntimeError invalid or temporary */
  ensure(reference: string, signal: AbortSignal): Promise<Kernel>;
}

export interface UnikraftRuntimeOptions {
  /** Boots what starts. */
  readonly driver: UnikernelDriver;
  /** Have machines of earlier times, when another driver was the one that booted. */
  readonly others?: readonly UnikernelDriver[];
  readonly kernels: Kernels;
  readonly logs: WorkloadLogs;
  /** For who asks for none. */
  readonly defaultMemoryMiB?: number;
  /** More is refused; default none. */
  readonly maxMemoryMiB?: number | undefined;
}

const ordinaryMemoryMiB = 64;

/** One program without users or a shell: there is nothing to enter, and there are no more rights to give. */
export const unikernelCapabilities: Capabilities = {
  exec: false, console: false, volumes: false, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: false, privileged: false,
};

/** Unikraft unikernels as workloads, booted by one driver. */
export class UnikraftRuntime implements Runtime {
  readonly virtualization = virtualization;
  readonly #options: UnikraftRuntimeOptions;
  readonly #drivers: readonly UnikernelDriver[];
  readonly #turns = new Turns();
  readonly #starting = new Set<string>();

  constructor(options: UnikraftRuntimeOptions) {
    this.#options = options;
    this.#drivers = [options.driver, ...(options.others ?? [])];
  }

  describe(): RuntimeDescription {
    const { name, accelerator, version } = this.#options.driver.describe();
    return { virtualization, route: `${name}, ${accelerator}`, version, capabilities: unikernelCapabilities };
  }

  async prepare(workload: Workload, signal: AbortSignal): Promise<void> {
    this.#admit(workload);
    await this.#options.kernels.ensure(workload.image, signal);
  }

  /** @throws RuntimeError rejected or invalid: a unikernel can not be what is asked for; failed: it does not boot */
  start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    return this.#turns.take(workload.id, signal, () => this.#start(workload, attachment, signal));
  }

  stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    return this.#turns.take(id, signal, async () => {
      const exits = await Promise.all(this.#drivers.map((driver) => driver.stop(id, graceMs, signal)));
      return exits.find((exit) => exit !== undefined);
    });
  }

  remove(id: string, signal: AbortSignal, { keepLogs = false }: RemoveOptions = {}): Promise<void> {
    return this.#turns.take(id, signal, async () => {
      await Promise.all(this.#drivers.map((driver) => driver.remove(id, signal)));
      if (!keepLogs) await this.#options.logs.remove(id);
    });
  }

  async list(signal: AbortSignal): Promise<readonly Observed[]> {
    return (await this.#machines(signal)).map(observed);
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    const stops = this.#drivers.map((driver) => driver.watch(listener));
    return () => { for (const stop of stops) stop(); };
  }

  async stats(signal: AbortSignal): Promise<readonly Stats[]> {
    return (await Promise.all(this.#drivers.map((driver) => driver.stats(signal)))).flat();
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const isOver = async (): Promise<boolean> => !this.#starting.has(id) && (await this.#find(id, signal))?.phase !== 'running';
    return this.#options.logs.read(id, options, signal, { isOver, onChange: (wake) => this.watch((event) => { if (event.id === undefined || event.id === id) wake(); }) });
  }

  async #start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    this.#admit(workload);
    const { driver, kernels, logs } = this.#options;
    const { id } = workload;
    const [there, kernel] = await Promise.all([this.#find(id, signal), kernels.ensure(workload.image, signal)]);
    if (there?.phase === 'running') return observed(there);
    const lived = logs.has(id);
    this.#starting.add(id);
    try {
      const { stdout } = await logs.create(id);
      return observed(await driver.start(this.#bootOf(workload, attachment, kernel, stdout), signal));
    } catch (error) {
      if (!lived) await logs.remove(id);
      throw error;
    } finally {
      this.#starting.delete(id);
    }
  }

  #bootOf({ id, name, labels, limits, ...workload }: Workload, attachment: Attachment, kernel: Kernel, logPath: string): Boot {
    const { netnsPath, nameservers, searchDomains } = attachment;
    return {
      id, name, labels, kernel, logPath, network: { netnsPath, nameservers, searchDomains, hostname: workload.hostname },
      command: workload.command.length > 0 ? workload.command : kernel.command, environment: overlaid(kernel.environment, workload.environment),
      vcpus: Math.max(1, Math.ceil(limits.vcpus)), cpuLimit: limits.vcpus, memoryMiB: this.#memoryOf(limits.memoryMiB),
    };
  }

  #memoryOf(askedMiB: number): number {
    return askedMiB > 0 ? Math.ceil(askedMiB) : (this.#options.defaultMemoryMiB ?? ordinaryMemoryMiB);
  }

  #admit({ name, privileged, mounts, limits }: Workload): void {
    const { maxMemoryMiB = Infinity } = this.#options;
    if (privileged) throw new RuntimeError('rejected', `${name} is privileged, which a unikernel can not be: it shares no kernel with this node`);
    if (mounts.length > 0) throw new RuntimeError('rejected', `${name} has volumes, which unikernels can not mount yet; leave "volumes" out`);
    if (limits.memoryMiB > maxMemoryMiB) throw new RuntimeError('rejected', `${name} wants ${limits.memoryMiB} MiB; unikernels of this node get at most ${maxMemoryMiB} (max_memory_mib in its node.toml)`);
  }

  async #find(id: string, signal: AbortSignal): Promise<Machine | undefined> {
    return (await this.#machines(signal)).find((machine) => machine.id === id);
  }

  async #machines(signal: AbortSignal): Promise<Machine[]> {
    return (await Promise.all(this.#drivers.map((driver) => driver.list(signal)))).flat().filter((machine) => !isProbe(machine));
  }
}

const observed = (machine: Machine): Observed => ({ ...machine, virtualization });

/** Later ones replace earlier ones of the same name. */
function overlaid(...layers: readonly (readonly string[])[]): string[] {
  const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? '';
  return [...new Map(layers.flat().map((variable) => [nameOf(variable), variable])).values()];
}
