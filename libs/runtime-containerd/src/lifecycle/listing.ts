import type { ContainerdClient } from '../client/containerd-client.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import type { Container, Process } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { managedFilter } from './labels.ts';
import { unlessAborted } from './turns.ts';

/** What containerd has of ours. A container without a task has ended, or never began. */
export interface Listed {
  readonly containers: readonly Container[];
  /** By container id. */
  readonly tasks: ReadonlyMap<string, Process>;
}

/** Reads all workloads of all runtimes at once. Callers share a reading only if it has not begun, so nobody sees less than what was true when they asked. */
export class Listing {
  readonly #client: ContainerdClient;
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<Listed> | undefined;

  constructor(client: ContainerdClient) {
    this.#client = client;
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
    return { containers, tasks: new Map(tasks.map((task) => [task.id || task.containerId, task])) };
  }
}
