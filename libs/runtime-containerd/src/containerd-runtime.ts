import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  RuntimeError, type Attachment, type Capabilities, type Exit, type LogLine, type LogOptions, type Observed, type RemoveOptions, type Runtime, type RuntimeDescription, type RuntimeEvent, type Stats,
  type Turns, type Workload,
} from '@oak/runtime';
import type { ContainerdClient } from './client/containerd-client.ts';
import { isAlreadyExists, RpcError } from './client/rpc-error.ts';
import { ContainersDefinition } from './gen/containers.ts';
import { TaskStatus, type Container, type Process } from './gen/messages.ts';
import { SnapshotsDefinition } from './gen/snapshots.ts';
import { TasksDefinition } from './gen/tasks.ts';
import type { ImageStore } from './images/image-store.ts';
import { clearCgroup } from './lifecycle/clear-cgroup.ts';
import { createContainer, runContainer, snapshotOf, type ContainerPlan } from './lifecycle/create-container.ts';
import type { Exits } from './lifecycle/exits.ts';
import { containerLabels, stopSignalLabel, virtualizationLabel } from './lifecycle/labels.ts';
import { leftBundle, removeBundle } from './lifecycle/left-bundle.ts';
import type { Listing } from './lifecycle/listing.ts';
import { statsOf } from './lifecycle/metrics.ts';
import { observed, phaseOf } from './lifecycle/observed.ts';
import type { Route } from './lifecycle/route.ts';
import { dropStartLease, takeStartLease } from './lifecycle/start-lease.ts';
import { startFailure } from './lifecycle/start-failure.ts';
import { stopSignalNumber } from './lifecycle/stop-signal.ts';
import type { TaskEvents } from './lifecycle/task-events.ts';
import type { Tasks } from './lifecycle/tasks.ts';
import { unlessNotFound } from './lifecycle/unless-not-found.ts';
import { removeWorkloadFiles } from './lifecycle/workload-files.ts';
import { logDirOf, removeLogFiles } from './logs/log-files.ts';
import { readLog } from './logs/read-log.ts';
import type { Platform } from './registry/platform.ts';
import type { NodeOptions } from './spec/oci-spec.ts';

/** What all runtimes of one containerd have in common. */
export interface SharedContainerd {
  readonly client: ContainerdClient;
  readonly images: ImageStore;
  readonly tasks: Tasks;
  readonly exits: Exits;
  readonly events: TaskEvents;
  readonly listing: Listing;
  readonly turns: Turns;
  /** Ids of what is between its creation and its start. */
  readonly starting: Set<string>;
  readonly platform: Platform;
  readonly machine: Omit<NodeOptions, 'seccomp' | 'pidsLimit' | 'overheadMiB' | 'annotations'>;
  /** Small files of each workload: hosts, hostname, resolv.conf. */
  readonly stateDir: string;
  readonly logDir: string;
  readonly allowPrivileged: boolean;
}

export interface ContainerdRuntimeOptions {
  readonly virtualization: string;
  readonly route: Route;
  readonly version: string | undefined;
}

const ordinaryPidsLimit = 4096;
/** gVisor's own use beside the workload: 14 MiB idle, more with traffic. */
const sandboxOverheadMiB = 64;
const undoMs = 60_000;
/** About five seconds in all. */
const launchAttempts = 10;
const inTheWayMs = 100;

const runs = (task: Process | undefined): boolean => task?.status === TaskStatus.TASK_RUNNING || task?.status === TaskStatus.TASK_PAUSED;

/** The second: containerd was killed between making a snapshot's folder and noting it; its garbage collection takes the folder away. */
const isTransient = (error: unknown): boolean => isAlreadyExists(error) || (error instanceof RpcError && /rename .*: file exists/.test(error.details));

/** What this adapter offers through the port, not what the runtimes could do besides. */
export const containerCapabilities: Capabilities = {
  exec: false, console: false, volumes: true, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: false, privileged: true,
};

/** One handler of a containerd, launched by one route. Labels and containerd's own state are its only memory. */
export class ContainerdRuntime implements Runtime {
  readonly virtualization: string;
  readonly #options: ContainerdRuntimeOptions;
  readonly #shared: SharedContainerd;

  constructor(options: ContainerdRuntimeOptions, shared: SharedContainerd) {
    this.virtualization = options.virtualization;
    this.#options = options;
    this.#shared = shared;
  }

  describe(): RuntimeDescription {
    const { route, version } = this.#options;
    const { allowPrivileged } = this.#shared;
    return { virtualization: this.virtualization, route: route.label, version, capabilities: { ...containerCapabilities, privileged: allowPrivileged } };
  }

  async prepare(workload: Workload, signal: AbortSignal): Promise<void> {
    this.#admit(workload);
    await this.#shared.images.ensure(workload.image, this.#shared.platform, signal);
  }

  /** @throws RuntimeError rejected: privileged and not allowed; failed: it does not start */
  start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    return this.#shared.turns.take(workload.id, signal, () => this.#start(workload, attachment, signal));
  }

  stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    return this.#shared.turns.take(id, signal, async () => {
      const found = await this.#find(id, signal);
      if (!found || !this.#owns(found.container)) return undefined;
      if (!found.task) return this.#shared.exits.lost(id);
      const ended = await this.#shared.tasks.stop(id, graceMs, signal, Number(found.container.labels[stopSignalLabel]));
      return ended ? this.#shared.exits.of(ended, signal) : this.#shared.exits.lost(id);
    });
  }

  remove(id: string, signal: AbortSignal, { keepLogs = false }: RemoveOptions = {}): Promise<void> {
    return this.#shared.turns.take(id, signal, async () => {
      const found = await this.#find(id, signal);
      if (found && !this.#owns(found.container)) return;
      await this.#clear(id, signal);
      if (!keepLogs) await removeLogFiles(this.#logDir(id));
    });
  }

  async list(signal: AbortSignal): Promise<readonly Observed[]> {
    const { containers, tasks } = await this.#shared.listing.read(signal);
    return Promise.all(containers.filter((container) => this.#owns(container)).map((container) => this.#observe(container, tasks.get(container.id), signal)));
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    return this.#shared.events.watch(listener);
  }

  async stats(signal: AbortSignal): Promise<readonly Stats[]> {
    const running = (await this.list(signal)).filter(({ phase }) => phase === 'running' || phase === 'paused');
    if (running.length === 0) return [];
    const { metrics } = await this.#shared.client.call(TasksDefinition, 'metrics', { filters: running.map(({ id }) => `id==${id}`) }, { signal });
    return metrics.flatMap(({ id, data }) => statsOf(id, data) ?? []);
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const isOver = async (): Promise<boolean> => {
      if (this.#shared.starting.has(id)) return false;
      const task = await this.#shared.tasks.get(id, signal);
      return !task || task.status === TaskStatus.TASK_STOPPED;
    };
    const onChange = (wake: () => void) => this.watch((event) => (event.id === undefined || event.id === id) && wake());
    return readLog({ dir: this.#logDir(id), options, signal, isOver, onChange });
  }

  #admit({ name, privileged }: Workload): void {
    if (privileged && !this.#shared.allowPrivileged) throw new RuntimeError('rejected', `${name} is privileged, which this node does not allow (allow_privileged in its node.toml)`);
  }

  #owns({ labels }: Container): boolean {
    return labels[virtualizationLabel] === this.virtualization;
  }

  async #find(id: string, signal: AbortSignal): Promise<{ container: Container; task: Process | undefined } | undefined> {
    const found = await this.#shared.client.call(ContainersDefinition, 'get', { id }, { signal }).catch(unlessNotFound);
    return found?.container && { container: found.container, task: await this.#shared.tasks.get(id, signal) };
  }

  async #start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    this.#admit(workload);
    const { images, platform } = this.#shared;
    const { id, image: reference } = workload;
    const [there, image] = await Promise.all([this.#find(id, signal), images.ensure(reference, platform, signal)]);
    if (there && !this.#owns(there.container)) throw new RuntimeError('bug', `${workload.name}: id ${id} is taken by a container of another runtime`);
    if (there?.task?.status === TaskStatus.TASK_UNKNOWN) throw new RuntimeError('temporary', `${workload.name}: it has a container whose shim does not answer`);
    if (there && runs(there.task)) return this.#observe(there.container, there.task, signal);
    if (there) await this.#clear(id, signal);
    const labels = containerLabels(workload.name, workload.labels, this.virtualization, stopSignalNumber(image.config.stopSignal));
    const { route } = this.#options;
    const plan = { workload, attachment, image, labels, route, snapshotter: images.snapshotter, node: this.#node(), filesDir: this.#filesDir(id), logDir: this.#logDir(id) };
    return this.#launch(plan, there !== undefined || existsSync(plan.logDir), signal);
  }

  /** What a crash left of an earlier start, or what containerd is still clearing, is in the way for a moment; each try clears it again. */
  async #launch(plan: ContainerPlan, lived: boolean, signal: AbortSignal): Promise<Observed> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#launchOnce(plan, lived, signal);
      } catch (error) {
        signal.throwIfAborted();
        const bundle = leftBundle(error, this.#shared.client.namespace, plan.workload.id);
        if ((bundle === undefined && !isTransient(error)) || attempt === launchAttempts) throw startFailure(error, plan.workload);
        if (bundle === undefined) await pause(attempt * inTheWayMs, undefined, { signal });
        else await removeBundle(this.#shared.client, plan.workload.id, bundle);
      }
    }
  }

  /** A failure at any step leaves nothing; only the log of an earlier life stays. */
  async #launchOnce(plan: ContainerPlan, lived: boolean, signal: AbortSignal): Promise<Observed> {
    const { client, starting } = this.#shared;
    const { id } = plan.workload;
    signal.throwIfAborted();
    starting.add(id);
    try {
      const created = await createContainer(await takeStartLease(client, id), plan);
      signal.throwIfAborted();
      // The container's metadata holds the snapshot now. A lease that cannot be dropped ends by itself: no reason to undo a start.
      const dropped = dropStartLease(client, id).catch(() => undefined);
      const pid = await runContainer(client, plan, created, signal);
      await dropped;
      return observed(created.container, { phase: 'running', pid, exit: undefined });
    } catch (error) {
      await this.#undo(id, lived);
      throw error;
    } finally {
      starting.delete(id);
    }
  }

  /** What cannot be cleared now (containerd is away) is seen by `list` and cleared by the next verb. */
  async #undo(id: string, lived: boolean): Promise<void> {
    await this.#clear(id, AbortSignal.timeout(undoMs), true).catch(() => undefined);
    if (!lived) await removeLogFiles(this.#logDir(id));
  }

  /** The task first: a container that is deleted before it leaves a shim that nobody can name any more. */
  async #clear(id: string, signal: AbortSignal, collectGarbage = false): Promise<void> {
    const { client, images, tasks, exits, machine } = this.#shared;
    await tasks.clear(id, signal);
    await clearCgroup(`${machine.cgroupParent}/${id}`);
    await client.call(ContainersDefinition, 'delete', { id }, { signal }).catch(unlessNotFound);
    await client.call(SnapshotsDefinition, 'remove', { snapshotter: images.snapshotter, key: snapshotOf(id) }, { signal }).catch(unlessNotFound);
    await dropStartLease(client, id, collectGarbage);
    await removeWorkloadFiles(this.#filesDir(id));
    exits.forget(id);
  }

  async #observe(container: Container, task: Process | undefined, signal: AbortSignal): Promise<Observed> {
    const phase = phaseOf(task, this.#shared.starting.has(container.id));
    const exit = phase === 'stopped' ? await this.#exit(container.id, task, signal) : undefined;
    return observed(container, { phase, pid: task?.pid, exit });
  }

  #exit(id: string, task: Process | undefined, signal: AbortSignal): Promise<Exit> | Exit {
    return task ? this.#shared.exits.of(task, signal) : this.#shared.exits.lost(id);
  }

  #node(): NodeOptions {
    const { sandboxed, annotations = {} } = this.#options.route;
    return { ...this.#shared.machine, seccomp: !sandboxed, pidsLimit: sandboxed ? 0 : ordinaryPidsLimit, overheadMiB: sandboxed ? sandboxOverheadMiB : 0, annotations };
  }

  #filesDir(id: string): string {
    return join(this.#shared.stateDir, 'containers', id);
  }

  #logDir(id: string): string {
    return logDirOf(this.#shared.logDir, id);
  }
}
