import { randomBytes } from 'node:crypto';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isAlreadyExists, isNotFound } from '../client/rpc-error.ts';
import { DiffDefinition } from '../gen/diff.ts';
import { LeasesDefinition } from '../gen/leases.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import type { Descriptor } from '../registry/manifest.ts';
import { chainIds } from './chain-id.ts';

const applyDeadlineMs = 1_800_000;

/**
 * Makes the layers a snapshot, each on the one below; what is there is used. A layer is waited for when its turn comes, so that unpacking and
 * downloading overlap. Returns the chain id of the top.
 */
export async function unpack(client: ContainerdClient, { snapshotter, layers, diffIds, image, arrived }: Unpacking, signal: AbortSignal): Promise<string> {
  if (layers.length !== diffIds.length) throw new RuntimeError('invalid', `image ${image}: ${layers.length} layers, but its configuration names ${diffIds.length}`);
  const names = chainIds(diffIds);
  let parent = '';
  for (const [at, layer] of layers.entries()) {
    await arrived(at);
    const step = { layer, diffId: diffIds[at] ?? '', parent, name: names[at] ?? '', image };
    await unpackLayer(client, snapshotter, step, signal);
    parent = step.name;
  }
  return parent;
}

export interface Unpacking {
  readonly snapshotter: string;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly string[];
  readonly image: string;
  readonly arrived: (layer: number) => Promise<void>;
}
interface Step { readonly layer: Descriptor; readonly diffId: string; readonly parent: string; readonly name: string; readonly image: string }

async function unpackLayer(client: ContainerdClient, snapshotter: string, { layer, diffId, parent, name, image }: Step, signal: AbortSignal): Promise<void> {
  if (await keepIfThere(client, snapshotter, name, signal)) return;
  const key = `extract-${randomBytes(6).toString('hex')} ${name}`;
  const { mounts } = await client.call(SnapshotsDefinition, 'prepare', { snapshotter, key, parent, labels: { 'containerd.io/snapshot.ref': name } }, { signal });
  try {
    const diff = { mediaType: layer.mediaType, digest: layer.digest, size: BigInt(layer.size), annotations: {} };
    const { applied } = await client.call(DiffDefinition, 'apply', { diff, mounts }, { signal, deadlineMs: applyDeadlineMs });
    if (applied?.digest !== diffId) throw new RuntimeError('invalid', `image ${image}: layer ${layer.digest} unpacks to ${applied?.digest ?? 'nothing'}, its configuration says ${diffId}`);
    await client.call(SnapshotsDefinition, 'commit', { snapshotter, name, key, labels: {} }, { signal });
  } catch (error) {
    await client.call(SnapshotsDefinition, 'remove', { snapshotter, key }).catch(() => undefined);
    // Another pull was faster with the same layer.
    if (!isAlreadyExists(error) || !(await keepIfThere(client, snapshotter, name, signal))) throw error;
  }
}

/** A snapshot that is there is not protected by our lease until we say so. */
async function keepIfThere(client: ContainerdClient, snapshotter: string, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.call(SnapshotsDefinition, 'stat', { snapshotter, key: name }, { signal });
    if (client.lease !== undefined) await client.call(LeasesDefinition, 'addResource', { id: client.lease, resource: { id: name, type: `snapshots/${snapshotter}` } }, { signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
