import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError, type Exit } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isNotFound, RpcError } from '../client/rpc-error.ts';
import { TaskStatus, type Process } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { statsOf } from './metrics.ts';

const SIGTERM = 15;
const SIGKILL = 9;
const killPatienceMs = 10_000;

/** Processes of containers: look, signal, wait, clear. Unknown ones are answered, not thrown. */
export class Tasks {
  readonly #client: ContainerdClient;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  async get(id: string, signal: AbortSignal): Promise<Process | undefined> {
    return this.#client.call(TasksDefinition, 'get', { containerId: id }, { signal }).then(({ process }) => process, unlessNotFound);
  }

  async stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    const process = await this.get(id, signal);
    if (!process) return undefined;
    if (process.status === TaskStatus.TASK_STOPPED) return this.exitOf(process, signal);
    if (process.status === TaskStatus.TASK_PAUSED) await this.#client.call(TasksDefinition, 'resume', { containerId: id }, { signal });
    await this.#kill(id, SIGTERM, signal);
    if (!await this.#ended(id, graceMs, signal)) {
      await this.#kill(id, SIGKILL, signal);
      if (!await this.#ended(id, killPatienceMs, signal)) throw new RuntimeError('temporary', `container ${id} does not end after SIGKILL; its processes may wait for a device`);
    }
    const ended = await this.get(id, signal);
    return ended && this.exitOf(ended, signal);
  }

  /** Ends it if it lives, and makes containerd forget it. The shim's logs are whole afterwards. */
  async clear(id: string, signal: AbortSignal): Promise<void> {
    const process = await this.get(id, signal);
    if (!process) return;
    if (process.status === TaskStatus.TASK_CREATED) await this.#clearCreated(id, process.pid, signal);
    else {
      await this.stop(id, 0, signal);
      await this.#delete(id, signal);
    }
  }

  /** Out of memory is told from the cgroup, which still counts after the end. */
  async exitOf({ containerId, id, exitStatus, exitedAt }: Process, signal: AbortSignal): Promise<Exit> {
    const name = containerId || id;
    const metrics = await this.#client.call(TasksDefinition, 'metrics', { filters: [`id==${name}`] }, { signal }).catch(() => ({ metrics: [] }));
    const oomKills = statsOf(name, metrics.metrics[0]?.data)?.oomKills ?? 0;
    return { code: exitStatus, oomKilled: oomKills > 0 && exitStatus !== 0, atMs: exitedAt?.getTime() ?? Date.now() };
  }

  /** A start that failed half way: the runtime may refuse to kill what never ran. */
  async #clearCreated(id: string, pid: number, signal: AbortSignal): Promise<void> {
    await this.#delete(id, signal).catch(() => this.#kill(id, SIGKILL, signal)).catch(() => killProcess(pid, id));
    const until = Date.now() + killPatienceMs;
    for (;;) {
      const left = await this.#delete(id, signal).then(() => undefined, (error: unknown) => error);
      if (left === undefined) return;
      if (Date.now() > until) throw left as Error;
      await pause(50, undefined, { signal });
    }
  }

  async #delete(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.call(TasksDefinition, 'delete', { containerId: id }, { signal }).catch(unlessNotFound);
  }

  /** One that has ended meanwhile is as good as signalled. */
  async #kill(id: string, number: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.call(TasksDefinition, 'kill', { containerId: id, signal: number, all: number === SIGKILL }, { signal });
    } catch (error) {
      const over = isNotFound(error) || (error instanceof RpcError && /already finished|not running|no such process|stopped/i.test(error.details));
      if (!over) throw error;
    }
  }

  async #ended(id: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const patience = AbortSignal.timeout(Math.max(1, withinMs));
    try {
      await this.#client.call(TasksDefinition, 'wait', { containerId: id }, { signal: AbortSignal.any([signal, patience]), deadlineMs: Infinity });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (patience.aborted) return false;
      // The shim went away with the task, or nobody knows it any more: look.
      const now = await this.get(id, signal);
      if (!now || now.status === TaskStatus.TASK_STOPPED) return true;
      throw error;
    }
  }
}

/** Only a process that is the container's: its cgroup carries the id. */
async function killProcess(pid: number, id: string): Promise<void> {
  const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  if (cgroups.includes(id)) process.kill(pid, 'SIGKILL');
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
