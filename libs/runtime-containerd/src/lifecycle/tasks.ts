import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { TaskStatus, type Process } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { killFirstProcess, killShim } from './force.ts';
import { unlessNotFound } from './unless-not-found.ts';

const { SIGTERM, SIGKILL } = constants.signals;
/** How long a killed process may take to end, and a killed shim to be forgotten. */
const killPatienceMs = 10_000;
const lookAgainMs = 50;
/** A shim that does not answer within that is not waited for. */
const deadlineMs = 10_000;

const isAlive = ({ status }: Process): boolean =>
  status === TaskStatus.TASK_RUNNING || status === TaskStatus.TASK_PAUSED || status === TaskStatus.TASK_PAUSING;

/** Processes of containers: look, stop, clear. Unknown ones are answered, not thrown. */
export class Tasks {
  readonly #client: ContainerdClient;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  async get(id: string, signal: AbortSignal): Promise<Process | undefined> {
    return this.#client.call(TasksDefinition, 'get', { containerId: id }, { signal, deadlineMs }).then(({ process }) => process, unlessNotFound);
  }

  /** Asks by `stopSignal`, then after `graceMs` kills. Returns the process as it ended; undefined when there is none, or none that ever ran. */
  async stop(id: string, graceMs: number, signal: AbortSignal, stopSignal: number = SIGTERM): Promise<Process | undefined> {
    const process = await this.get(id, signal);
    if (process?.status === TaskStatus.TASK_CREATED) await this.clear(id, signal);
    if (!process || !isAlive(process)) return process?.status === TaskStatus.TASK_STOPPED ? process : undefined;
    await this.#thaw(process, id, signal);
    await this.#kill(id, stopSignal, signal);
    if (!(await this.#ended(id, graceMs, signal))) await this.#killAndWait(id, signal);
    return this.get(id, signal);
  }

  /** Ends it if it lives, and makes containerd forget it: politely, then with more and more force. Its logs are whole afterwards. */
  async clear(id: string, signal: AbortSignal): Promise<void> {
    const process = await this.get(id, signal);
    if (!process) return;
    try {
      await this.#clearPolitely(process, id, signal);
    } catch (error) {
      signal.throwIfAborted();
      await this.#clearByForce(process, id, error, signal);
    }
  }

  async #clearPolitely(process: Process, id: string, signal: AbortSignal): Promise<void> {
    if (process.status !== TaskStatus.TASK_STOPPED) {
      await this.#thaw(process, id, signal);
      await this.#killAndWait(id, signal);
    }
    await this.#delete(id, signal);
  }

  /** After a start that failed half way the runtime may refuse both to kill and to delete; a shim may not answer at all. */
  async #clearByForce(process: Process, id: string, cause: unknown, signal: AbortSignal): Promise<void> {
    await this.#kill(id, SIGKILL, signal).catch(() => killFirstProcess(process.pid, id));
    const forceAt = Date.now() + killPatienceMs / 5;
    const giveUpAt = Date.now() + killPatienceMs;
    for (let shimKilled = false; ; ) {
      const left = await this.#delete(id, signal).catch((error: unknown) => error);
      if (left === undefined) return;
      if (Date.now() > giveUpAt) throw new RuntimeError('temporary', `container ${id} can not be cleared: ${String(cause)}`, { cause: left });
      if (!shimKilled && Date.now() > forceAt) {
        await killFirstProcess(process.pid, id);
        await killShim(this.#client.namespace, id);
        shimKilled = true;
      }
      await pause(lookAgainMs, undefined, { signal });
    }
  }

  /** A frozen process hears no signal. */
  async #thaw({ status }: Process, id: string, signal: AbortSignal): Promise<void> {
    if (status === TaskStatus.TASK_PAUSED || status === TaskStatus.TASK_PAUSING) await this.#client.call(TasksDefinition, 'resume', { containerId: id }, { signal, deadlineMs });
  }

  async #killAndWait(id: string, signal: AbortSignal): Promise<void> {
    await this.#kill(id, SIGKILL, signal);
    if (await this.#ended(id, killPatienceMs, signal)) return;
    throw new RuntimeError('temporary', `container ${id} does not end after SIGKILL; its processes may wait for a device`);
  }

  /** One that has ended meanwhile is as good as signalled; runtimes word that in many ways, so its state decides. */
  async #kill(id: string, number: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.call(TasksDefinition, 'kill', { containerId: id, signal: number, all: number === SIGKILL }, { signal, deadlineMs });
    } catch (error) {
      const now = await this.get(id, signal);
      if (now && now.status !== TaskStatus.TASK_STOPPED) throw error;
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

  async #delete(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.call(TasksDefinition, 'delete', { containerId: id }, { signal, deadlineMs }).catch(unlessNotFound);
  }
}
