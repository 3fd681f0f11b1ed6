import type { RuntimeEvent } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import type { ContainerdEvent } from '../client/event-subscription.ts';
import { TaskExit, TaskOOM, TaskStart } from '../gen/payloads.ts';

type Listener = (event: RuntimeEvent) => void;

/** One subscription for all who watch. It lives while somebody does. */
export class TaskEvents {
  readonly #client: ContainerdClient;
  readonly #listeners = new Set<{ readonly tell: Listener }>();
  /** The kernel may tell one death sixty times. */
  readonly #outOfMemory = new Set<string>();
  #live = false;
  #end: (() => void) | undefined;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  /** Says `resync` once it hears, also to those who join later. */
  watch(tell: Listener): () => void {
    const listener = { tell };
    this.#listeners.add(listener);
    this.#end ??= this.#client.events(['topic~="^/tasks/(start|exit|oom)$"'], (event) => this.#hear(event));
    if (this.#live) queueMicrotask(() => this.#listeners.has(listener) && tell({ id: undefined, kind: 'resync' }));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #stop(): void {
    this.#end?.();
    this.#end = undefined;
    this.#live = false;
    this.#outOfMemory.clear();
  }

  #hear(event: ContainerdEvent): void {
    if (event.kind === 'resync') this.#live = true;
    const told = event.kind === 'resync' ? { id: undefined, kind: event.kind } : this.#meaning(event.topic, event.value);
    if (told) for (const { tell } of [...this.#listeners]) tell(told);
  }

  #meaning(topic: string, value: Buffer): RuntimeEvent | undefined {
    if (topic === '/tasks/start') return this.#started(TaskStart.decode(value).containerId);
    if (topic === '/tasks/oom') return this.#killed(TaskOOM.decode(value).containerId);
    const { containerId, id } = TaskExit.decode(value);
    // Others are processes that were started beside the workload's first.
    return id === containerId ? { id, kind: 'exited' } : undefined;
  }

  #started(id: string): RuntimeEvent {
    this.#outOfMemory.delete(id);
    return { id, kind: 'started' };
  }

  /** Told once in a life, whether before the exit or, as cgroup v2 does, after it. */
  #killed(id: string): RuntimeEvent | undefined {
    if (this.#outOfMemory.has(id)) return undefined;
    this.#outOfMemory.add(id);
    return { id, kind: 'out-of-memory' };
  }
}
