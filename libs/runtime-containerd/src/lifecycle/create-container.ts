import { type Attachment, RuntimeError, type Workload } from '@oak/runtime';
import { specAny } from '../client/any.ts';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import type { Container, Mount } from '../gen/messages.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import type { UnpackedImage } from '../images/image-store.ts';
import { createLogFiles } from '../logs/log-files.ts';
import { type NodeOptions, ociSpec } from '../spec/oci-spec.ts';
import { isPlainUser, resolveUser } from '../spec/user.ts';
import { imageAccounts } from './image-accounts.ts';
import type { Route } from './route.ts';
import { lateAbort } from './late-abort.ts';
import { writeWorkloadFiles } from './workload-files.ts';

export interface ContainerPlan {
  readonly workload: Workload;
  readonly attachment: Attachment;
  readonly image: UnpackedImage;
  readonly route: Route;
  readonly node: NodeOptions;
  readonly labels: Readonly<Record<string, string>>;
  readonly snapshotter: string;
  readonly filesDir: string;
  readonly logDir: string;
}

export interface Created {
  readonly container: Container;
  readonly mounts: readonly Mount[];
}

export const snapshotOf = (id: string): string => `oakestra-${id}`;

/** Snapshot and metadata of a container; nothing runs yet. The client's lease holds the snapshot until the metadata refers to it. Not undone here: `remove` of the id is the undo of every step. */
export async function createContainer(leased: ContainerdClient, plan: ContainerPlan): Promise<Created> {
  const { workload: { id }, attachment, workload, image, route, node, labels, snapshotter } = plan;
  const [{ mounts }, filesDir] = await Promise.all([
    leased.call(SnapshotsDefinition, 'prepare', { snapshotter, key: snapshotOf(id), parent: image.chainId, labels: {} }),
    writeWorkloadFiles(plan.filesDir, workload, attachment),
    createLogFiles(plan.logDir),
  ]);
  const accounts = isPlainUser(image.config.user) ? { passwd: '', group: '' } : await imageAccounts(mounts);
  const user = resolveUser(image.config.user, accounts);
  const spec = specAny(ociSpec({ workload, image: image.config, user, attachment, filesDir, node }));
  const { container } = await leased.call(ContainersDefinition, 'create', {
    container: { id, labels, image: image.name, runtime: { name: route.runtimeType, options: route.options }, spec, snapshotter, snapshotKey: snapshotOf(id) },
  });
  if (!container) throw new RuntimeError('bug', `containerd created container ${id} and did not return it`);
  return { container, mounts };
}

/** A runtime that is cut off between its steps leaves what nobody knows of; so these end, unless they hang. */
const cutOffMs = 5000;

/** Creates the process and starts it. Returns its id. */
export async function runContainer(client: ContainerdClient, { workload: { id }, route, logDir }: ContainerPlan, { mounts }: Created, signal: AbortSignal): Promise<number> {
  const late = lateAbort(signal, cutOffMs);
  try {
    const { pid } = await client.call(TasksDefinition, 'create', {
      containerId: id, rootfs: [...mounts], stdout: `${logDir}/stdout`, stderr: `${logDir}/stderr`, options: route.options,
    }, { signal: late.signal });
    signal.throwIfAborted();
    await client.call(TasksDefinition, 'start', { containerId: id }, { signal: late.signal });
    return pid;
  } finally {
    late.release();
  }
}
