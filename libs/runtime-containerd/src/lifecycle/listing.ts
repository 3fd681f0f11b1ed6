import { unlessAborted } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import type { Container, Process } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { managedFilter } from './labels.ts';
import type { Tasks } from './tasks.ts';

const askMs = 15_000;

/** What containerd has of ours. A container without a task has ended, or never began. */
export interface Listed {
  readonly containers: readonly Container[];
  /** By container id. */
  readonly tasks: ReadonlyMap<string, Process>;
}

/** Reads all workloads of all runtimes at once. Callers share a reading only if it has not begun, so nobody sees less than what was true when they asked. */
export class Listing {
  readonly #client: ContainerdClient;
  readonly #tasks: Tasks;
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<Listed> | undefined;

  constructor(client: ContainerdClient, tasks: Tasks) {
    this.#client = client;
    this.#tasks = tasks;
  }

  async read(signal: AbortSignal): Promise<Listed> {
    signal.throwIfAborted();
    this.#next ??= this.#current.then(() => {
      const reading = this.#read();
      this.#next = undefined;
      this.#current = reading.catch(() => undefined);
      return reading;
    });
    return unlessAborted(this.#next, signal);
  }

  /** Containers first: one that starts in between is seen as half made, never missed. */
  async #read(): Promise<Listed> {
    const { containers } = await this.#client.call(ContainersDefinition, 'list', { filters: [managedFilter] });
    const { tasks } = containers.length === 0 ? { tasks: [] } : await this.#client.call(TasksDefinition, 'list', {});
    const known = new Map(tasks.map((task) => [task.id || task.containerId, task]));
    const doubtful = containers.filter(({ id }) => !known.has(id));
    await Promise.all(doubtful.map(({ id }) => this.#ask(id, known)));
    return { containers, tasks: known };
  }

  /** containerd leaves out of its list what does not answer in time, so one that is missing there is asked for by name. */
  async #ask(id: string, known: Map<string, Process>): Promise<void> {
    const task = await this.#tasks.get(id, AbortSignal.timeout(askMs));
    if (task) known.set(id, task);
  }
}
