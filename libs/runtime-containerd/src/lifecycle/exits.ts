import type { Exit } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isNotFound } from '../client/rpc-error.ts';
import type { Process } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { statsOf } from './metrics.ts';

/** How workloads ended. An end does not change, so each is looked into once. */
export class Exits {
  readonly #client: ContainerdClient;
  /** By container id and process id. */
  readonly #known = new Map<string, Exit>();
  /** When we first saw that nobody saw the end, by container id. */
  readonly #lost = new Map<string, number>();

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  /** Of a process that has stopped and is not deleted yet. */
  async of(process: Process, signal: AbortSignal): Promise<Exit> {
    const id = process.containerId || process.id;
    const key = `${id} ${process.pid}`;
    const known = this.#known.get(key);
    if (known) return known;
    const oomKills = await this.#oomKills(id, signal);
    const exit = { code: process.exitStatus, oomKilled: (oomKills ?? 0) > 0 && process.exitStatus !== 0, atMs: process.exitedAt?.getTime() ?? Date.now() };
    if (oomKills !== undefined) this.#known.set(key, exit);
    return exit;
  }

  /** Of a container whose task is forgotten: it ended before a reboot, or while containerd was down. */
  lost(id: string): Exit {
    const atMs = this.#lost.get(id) ?? Date.now();
    this.#lost.set(id, atMs);
    return { code: undefined, oomKilled: false, atMs };
  }

  forget(id: string): void {
    this.#lost.delete(id);
    for (const key of this.#known.keys()) if (key.startsWith(`${id} `)) this.#known.delete(key);
  }

  /** Out of memory is told from the cgroup, which still counts after the end. Undefined: it could not be read. */
  async #oomKills(id: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      const { metrics } = await this.#client.call(TasksDefinition, 'metrics', { filters: [`id==${id}`] }, { signal });
      return metrics[0] && (statsOf(id, metrics[0].data)?.oomKills ?? 0);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
