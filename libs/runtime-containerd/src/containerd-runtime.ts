import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  RuntimeError, type Attachment, type Capabilities, type Exit, type LogLine, type LogOptions, type Observed, type Phase, type Runtime, type RuntimeDescription,
  type RuntimeEvent, type Stats, type Workload,
} from '@oak/runtime';
import { specAny } from './client/any.ts';
import type { ContainerdClient } from './client/containerd-client.ts';
import { isAlreadyExists, isNotFound } from './client/rpc-error.ts';
import { ContainersDefinition } from './gen/containers.ts';
import { TaskStatus, type Container, type Process } from './gen/messages.ts';
import { TaskExit, TaskOOM, TaskStart } from './gen/payloads.ts';
import { SnapshotsDefinition } from './gen/snapshots.ts';
import { TasksDefinition } from './gen/tasks.ts';
import type { ImageStore, UnpackedImage } from './images/image-store.ts';
import { withLease } from './images/lease.ts';
import { imageAccounts } from './lifecycle/image-accounts.ts';
import { managedLabel, virtualizationLabel } from './lifecycle/labels.ts';
import { statsOf } from './lifecycle/metrics.ts';
import type { Route } from './lifecycle/route.ts';
import { Tasks } from './lifecycle/tasks.ts';
import { createLogFiles, logDirOf, removeLogFiles } from './logs/log-files.ts';
import { readLog } from './logs/read-log.ts';
import type { Platform } from './registry/platform.ts';
import { hostsFile, resolvConf } from './spec/names-files.ts';
import { ociSpec, type NodeOptions } from './spec/oci-spec.ts';
import { isPlainUser, resolveUser } from './spec/user.ts';

export interface ContainerdRuntimeOptions {
  readonly virtualization: string;
  readonly route: Route;
  readonly version: string | undefined;
  readonly client: ContainerdClient;
  readonly images: ImageStore;
  readonly platform: Platform;
  readonly machine: Omit<NodeOptions, 'seccomp' | 'pidsLimit' | 'overheadMiB' | 'annotations'>;
  /** Small files of each workload: hosts, hostname, resolv.conf. */
  readonly stateDir: string;
  readonly logDir: string;
  readonly allowPrivileged: boolean;
}

const ordinaryPidsLimit = 4_096;
/** gVisor's own use beside the workload, measured at 14 MiB idle. */
const sandboxOverheadMiB = 64;
const phases: Partial<Record<TaskStatus, Phase>> = {
  [TaskStatus.TASK_CREATED]: 'created', [TaskStatus.TASK_RUNNING]: 'running', [TaskStatus.TASK_PAUSED]: 'paused', [TaskStatus.TASK_PAUSING]: 'paused', [TaskStatus.TASK_STOPPED]: 'stopped',
};

/** One handler of a containerd, launched by one route. */
export class ContainerdRuntime implements Runtime {
  readonly virtualization: string;
  readonly #options: ContainerdRuntimeOptions;
  readonly #tasks: Tasks;

  constructor(options: ContainerdRuntimeOptions) {
    this.virtualization = options.virtualization;
    this.#options = options;
    this.#tasks = new Tasks(options.client);
  }

  describe(): RuntimeDescription {
    const { route, version, allowPrivileged } = this.#options;
    const capabilities: Capabilities = {
      exec: true, console: true, volumes: true, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: true, privileged: allowPrivileged,
    };
    return { virtualization: this.virtualization, route: route.label, version, capabilities };
  }

  async prepare({ image, privileged, name }: Workload, signal: AbortSignal): Promise<void> {
    if (privileged && !this.#options.allowPrivileged) throw new RuntimeError('rejected', `${name} is privileged, which this node does not allow (allow_privileged in its node.toml)`);
    await this.#options.images.ensure(image, this.#options.platform, signal);
  }

  async start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    const { client, images, platform } = this.#options;
    await this.prepare(workload, signal);
    const image = await images.ensure(workload.image, platform, signal);
    try {
      return await withLease(client, (leased) => this.#create(leased, workload, image, attachment, signal), signal);
    } catch (error) {
      if (isAlreadyExists(error)) return this.#startAgain(workload, attachment, signal);
      await this.remove(workload.id, AbortSignal.timeout(30_000)).catch(() => undefined);
      throw signal.aborted ? error : startFailure(error, workload);
    }
  }

  stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    return this.#tasks.stop(id, graceMs, signal);
  }

  /** The task first: a container that is deleted before it leaves a shim that nobody can name any more. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    const { client, images, logDir } = this.#options;
    await this.#tasks.clear(id, signal);
    await client.call(ContainersDefinition, 'delete', { id }, { signal }).catch(unlessNotFound);
    await client.call(SnapshotsDefinition, 'remove', { snapshotter: images.snapshotter, key: snapshotOf(id) }, { signal }).catch(unlessNotFound);
    await rm(this.#filesDir(id), { recursive: true, force: true });
    await removeLogFiles(logDirOf(logDir, id));
  }

  async list(signal: AbortSignal): Promise<readonly Observed[]> {
    const { client } = this.#options;
    const filter = `labels.${JSON.stringify(managedLabel)}==true,labels.${JSON.stringify(virtualizationLabel)}==${JSON.stringify(this.virtualization)}`;
    // Containers first: one that starts in between is seen as half made, never missed.
    const { containers } = await client.call(ContainersDefinition, 'list', { filters: [filter] }, { signal });
    if (containers.length === 0) return [];
    const { tasks } = await client.call(TasksDefinition, 'list', {}, { signal });
    const byId = new Map(tasks.map((task) => [task.id || task.containerId, task]));
    return Promise.all(containers.map((container) => this.#observed(container, byId.get(container.id), signal)));
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    return this.#options.client.events(['topic~="^/tasks/(start|exit|oom)"'], (event) => {
      if (event.kind === 'resync') listener({ kind: 'resync', id: undefined });
      else if (event.topic === '/tasks/start') listener({ kind: 'started', id: TaskStart.decode(event.value).containerId });
      else if (event.topic === '/tasks/oom') listener({ kind: 'out-of-memory', id: TaskOOM.decode(event.value).containerId });
      else {
        const { containerId, id } = TaskExit.decode(event.value);
        if (id === containerId) listener({ kind: 'exited', id });
      }
    });
  }

  async stats(signal: AbortSignal): Promise<readonly Stats[]> {
    const running = (await this.list(signal)).filter(({ phase }) => phase === 'running' || phase === 'paused');
    if (running.length === 0) return [];
    const { metrics } = await this.#options.client.call(TasksDefinition, 'metrics', { filters: running.map(({ id }) => `id==${id}`) }, { signal });
    return metrics.flatMap(({ id, data }) => statsOf(id, data) ?? []);
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const isOver = async (): Promise<boolean> => {
      const task = await this.#tasks.get(id, signal);
      return !task || task.status === TaskStatus.TASK_STOPPED;
    };
    const onChange = (wake: () => void): (() => void) => this.watch((event) => { if (event.id === undefined || event.id === id) wake(); });
    return readLog({ dir: logDirOf(this.#options.logDir, id), options, signal, isOver, onChange });
  }

  /** What is there already runs, or is half made and goes first. */
  async #startAgain(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    const there = (await this.list(signal)).find(({ id }) => id === workload.id);
    if (there?.phase === 'running' || there?.phase === 'paused') return there;
    await this.remove(workload.id, signal);
    return this.start(workload, attachment, signal);
  }

  async #create(client: ContainerdClient, workload: Workload, image: UnpackedImage, attachment: Attachment, signal: AbortSignal): Promise<Observed> {
    const { route, images, logDir } = this.#options;
    const { id } = workload;
    const { mounts } = await client.call(SnapshotsDefinition, 'prepare', { snapshotter: images.snapshotter, key: snapshotOf(id), parent: image.chainId, labels: {} }, { signal });
    const user = resolveUser(image.config.user, isPlainUser(image.config.user) ? { passwd: '', group: '' } : await imageAccounts(mounts));
    const filesDir = await this.#writeFiles(workload, attachment);
    const logs = await createLogFiles(logDirOf(logDir, id));
    const labels = { ...workload.labels, [managedLabel]: 'true', [virtualizationLabel]: this.virtualization };
    const spec = specAny(ociSpec({ workload, image: image.config, user, attachment, filesDir, node: this.#node() }));
    const runtime = { name: route.runtimeType, options: route.options };
    await client.call(ContainersDefinition, 'create', { container: { id, labels, image: image.name, runtime, spec, snapshotter: images.snapshotter, snapshotKey: snapshotOf(id) } }, { signal });
    const { pid } = await client.call(TasksDefinition, 'create', { containerId: id, rootfs: mounts, stdout: logs.stdout, stderr: logs.stderr, options: route.options }, { signal });
    await client.call(TasksDefinition, 'start', { containerId: id }, { signal });
    return { id, virtualization: this.virtualization, labels: workload.labels, phase: 'running', pid, startedAtMs: Date.now(), exit: undefined };
  }

  #node(): NodeOptions {
    const { machine, route: { sandboxed, annotations = {} } } = this.#options;
    return { ...machine, seccomp: !sandboxed, pidsLimit: sandboxed ? 0 : ordinaryPidsLimit, overheadMiB: sandboxed ? sandboxOverheadMiB : 0, annotations };
  }

  async #writeFiles(workload: Workload, attachment: Attachment): Promise<string> {
    const dir = this.#filesDir(workload.id);
    // Not 0700: they are mounted into workloads that run as other users.
    await mkdir(dir, { recursive: true, mode: 0o755 });
    await Promise.all([
      writeFile(join(dir, 'hosts'), hostsFile(attachment, workload.hostname)),
      writeFile(join(dir, 'hostname'), `${workload.hostname}\n`),
      writeFile(join(dir, 'resolv.conf'), resolvConf(attachment)),
    ]);
    return dir;
  }

  async #observed({ id, labels, createdAt }: Container, task: Process | undefined, signal: AbortSignal): Promise<Observed> {
    const { [managedLabel]: _managed, [virtualizationLabel]: _virtualization, ...own } = labels;
    const phase = task === undefined ? 'stopped' : (phases[task.status] ?? 'created');
    // A task that ended while containerd was down is forgotten by newer ones: it ended, nobody knows how.
    const exit = phase !== 'stopped' ? undefined : task ? await this.#tasks.exitOf(task, signal) : { code: undefined, oomKilled: false, atMs: Date.now() };
    return { id, virtualization: this.virtualization, labels: own, phase, pid: task?.pid, startedAtMs: createdAt?.getTime(), exit };
  }

  #filesDir(id: string): string {
    return join(this.#options.stateDir, 'containers', id);
  }
}

const snapshotOf = (id: string): string => `oakestra-${id}`;

/** What shims say about a command that is not there is long; the person wants the command. */
function startFailure(error: unknown, { name, command }: Workload): unknown {
  if (!(error instanceof RuntimeError)) return error;
  const missing = /exec: "([^"]+)": (?:executable file not found|stat|no such file|permission denied)|(?:executable file|open executable) [`"']?([^`"']+?)[`"']? not found|error finding executable "([^"]+)"|starting container: .*no such file/i.exec(error.message);
  if (!missing) return error;
  const program = missing[1] ?? missing[2] ?? missing[3] ?? command[0] ?? 'of the image';
  return new RuntimeError('failed', `${name}: the command ${JSON.stringify(program)} is not in the image or can not be executed: ${error.message}`, { cause: error });
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
