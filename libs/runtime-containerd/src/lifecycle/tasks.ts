import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isNotFound, isUnavailable } from '../client/rpc-error.ts';
import { Process, TaskStatus } from '../gen/messages.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { killFirstProcess, killShim } from './force.ts';
import { unlessNotFound } from './unless-not-found.ts';

const { SIGTERM, SIGKILL } = constants.signals;

export interface TaskPatience {
  /** For one call to a shim. */
  readonly callMs: number;
  /** For a killed process to end, and a killed shim to be forgotten. */
  readonly killMs: number;
}

const ordinaryPatience: TaskPatience = { callMs: 10_000, killMs: 10_000 };
const lookAgainMs = 50;
/** A shim whose process was killed under it gets this long to notice, before it is killed itself. */
const noticeMs = 500;

const isOver = ({ status }: Process): boolean => status === TaskStatus.TASK_STOPPED;
const isFrozen = ({ status }: Process): boolean => status === TaskStatus.TASK_PAUSED || status === TaskStatus.TASK_PAUSING;

/** Processes of containers: look, stop, clear. Unknown ones are answered, not thrown. */
export class Tasks {
  readonly #client: ContainerdClient;
  readonly #patience: TaskPatience;

  constructor(client: ContainerdClient, patience: TaskPatience = ordinaryPatience) {
    this.#client = client;
    this.#patience = patience;
  }

  /** Undefined: there is none. Status TASK_UNKNOWN: there is one, but its shim does not answer. @throws when containerd is not there */
  async get(id: string, signal: AbortSignal): Promise<Process | undefined> {
    try {
      return (await this.#client.call(TasksDefinition, 'get', { containerId: id }, this.#bounded(signal))).process;
    } catch (error) {
      signal.throwIfAborted();
      if (isNotFound(error)) return undefined;
      if (isUnavailable(error)) throw error;
      return Process.fromPartial({ containerId: id, id, status: TaskStatus.TASK_UNKNOWN });
    }
  }

  /**
   * Asks by `stopSignal`, then after `graceMs` kills. Returns the process as it ended; undefined when there is none, none that ever ran, or
   * its end had to be forced so that nobody saw it.
   */
  async stop(id: string, graceMs: number, signal: AbortSignal, stopSignal: number = SIGTERM): Promise<Process | undefined> {
    const process = await this.get(id, signal);
    if (!process || isOver(process)) return process;
    const runs = process.status === TaskStatus.TASK_RUNNING || isFrozen(process);
    try {
      if (runs) await this.#ask(process, id, graceMs, stopSignal, signal);
      else await this.clear(id, signal);
    } catch (error) {
      await this.#clearByForce(process, id, error, signal);
    }
    return this.get(id, signal);
  }

  /** Ends it if it lives, and makes containerd forget it: politely, then with more and more force. Its logs are whole afterwards. */
  async clear(id: string, signal: AbortSignal): Promise<void> {
    const process = await this.get(id, signal);
    try {
      await this.#clearPolitely(process, id, signal);
    } catch (error) {
      await this.#clearByForce(process, id, error, signal);
    }
  }

  async #ask(process: Process, id: string, graceMs: number, stopSignal: number, signal: AbortSignal): Promise<void> {
    await this.#thaw(process, id, signal);
    await this.#kill(id, stopSignal, signal);
    if (!(await this.#ended(id, graceMs, signal))) await this.#killAndWait(id, signal);
  }

  async #clearPolitely(process: Process | undefined, id: string, signal: AbortSignal): Promise<void> {
    if (process?.status === TaskStatus.TASK_UNKNOWN) throw new RuntimeError('temporary', 'its shim does not answer');
    if (process && !isOver(process)) {
      await this.#thaw(process, id, signal);
      await this.#killAndWait(id, signal);
    }
    // Also when there is none: containerd may hold a shim whose process was never made, which says "not found" and still must go.
    await this.#delete(id, signal);
    // And there may be one that was started for a containerd that was killed then: the next start would get it, and hang.
    if (!process) await killShim(this.#client.namespace, id);
  }

  /** After a start that failed half way the runtime may refuse both to kill and to delete; a shim may not answer at all. */
  async #clearByForce(process: Process | undefined, id: string, cause: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (isUnavailable(cause)) throw cause;
    await killFirstProcess(process?.pid ?? 0, id);
    const began = performance.now();
    for (let left: unknown = cause, shimKilled = false; left !== undefined; ) {
      const passedMs = performance.now() - began;
      if (passedMs > this.#patience.killMs) throw new RuntimeError('temporary', `container ${id} can not be cleared: ${String(cause)}`, { cause: left });
      if (!shimKilled && (passedMs > noticeMs || process?.status === TaskStatus.TASK_UNKNOWN)) {
        await killShim(this.#client.namespace, id);
        shimKilled = true;
      }
      left = await this.#delete(id, signal).catch((error: unknown) => error);
      if (left !== undefined) await pause(lookAgainMs, undefined, { signal });
    }
  }

  /** A frozen process hears no signal. */
  async #thaw(process: Process, id: string, signal: AbortSignal): Promise<void> {
    if (isFrozen(process)) await this.#client.call(TasksDefinition, 'resume', { containerId: id }, this.#bounded(signal));
  }

  async #killAndWait(id: string, signal: AbortSignal): Promise<void> {
    await this.#kill(id, SIGKILL, signal);
    if (await this.#ended(id, this.#patience.killMs, signal)) return;
    throw new RuntimeError('temporary', `container ${id} does not end after SIGKILL; its processes may wait for a device`);
  }

  /** One that has ended meanwhile is as good as signalled; runtimes word that in many ways, so its state decides. */
  async #kill(id: string, number: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.call(TasksDefinition, 'kill', { containerId: id, signal: number, all: number === SIGKILL }, this.#bounded(signal));
    } catch (error) {
      const now = await this.get(id, signal);
      if (now && !isOver(now)) throw error;
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
      if (!now || isOver(now)) return true;
      throw error;
    }
  }

  async #delete(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.call(TasksDefinition, 'delete', { containerId: id }, this.#bounded(signal)).catch(unlessNotFound);
  }

  #bounded(signal: AbortSignal): { signal: AbortSignal; deadlineMs: number } {
    return { signal, deadlineMs: this.#patience.callMs };
  }
}
