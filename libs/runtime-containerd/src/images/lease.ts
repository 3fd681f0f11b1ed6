import { createHash, randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isDiskFull, RpcError } from '../client/rpc-error.ts';
import { LeasesDefinition } from '../gen/leases.ts';

/** A slow uplink may need most of a day for a large image. */
const pullLifeMs = 24 * 3_600_000;
const pullLabel = 'oakestra/pull';

/**
 * A lease for pulling one image. What broke for a passing reason keeps it, so that the next try (also of another process) finds the partial
 * downloads; success, a final failure or an abort gives everything unfinished back at once.
 */
export async function withPullLease<T>(client: ContainerdClient, image: string, signal: AbortSignal, use: (leased: ContainerdClient) => Promise<T>): Promise<T> {
  const earlier = await pullLeases(client, image, signal);
  const id = `oakestra-${randomBytes(8).toString('hex')}`;
  const spent = [id, ...earlier];
  try {
    await createLease(client, id, image);
    signal.throwIfAborted();
    return await use(client.leased(id));
  } catch (error) {
    if (!signal.aborted && isResumable(error)) spent.length = 0;
    throw error;
  } finally {
    for (const lease of spent) await deleteLease(client, lease);
  }
}

/** For an image that is complete: what earlier pulls of it still hold goes. */
export async function dropPullLeases(client: ContainerdClient, image: string, signal: AbortSignal): Promise<void> {
  for (const lease of await pullLeases(client, image, signal)) await deleteLease(client, lease);
}

/** The label of all leases that hold parts of this image. */
export const pullLabels = (image: string): Record<string, string> => ({ [pullLabel]: createHash('sha256').update(image).digest('hex').slice(0, 32) });

async function pullLeases(client: ContainerdClient, image: string, signal: AbortSignal): Promise<string[]> {
  const { leases } = await client.call(LeasesDefinition, 'list', { filters: [`labels.${JSON.stringify(pullLabel)}==${pullLabels(image)[pullLabel]}`] }, { signal });
  return leases.map(({ id }) => id);
}

/** A full disk gets its space back; for the rest, what is there helps the next try. */
const isResumable = (error: unknown): boolean => error instanceof RuntimeError && error.kind === 'temporary' && !isDiskFull(error);

/** Not cancelled: a call that is given up may still be carried out, after its undo. */
async function createLease(client: ContainerdClient, id: string, image: string): Promise<void> {
  await client.call(LeasesDefinition, 'create', { id, labels: { ...pullLabels(image), 'containerd.io/gc.expire': new Date(Date.now() + pullLifeMs).toISOString() } });
}

/** Not cancelled with the work. A containerd that cannot do it now lets the lease expire. */
async function deleteLease(client: ContainerdClient, id: string): Promise<void> {
  await client.call(LeasesDefinition, 'delete', { id }).catch((error: unknown) => {
    if (!(error instanceof RpcError) || ![status.NOT_FOUND, status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error.code)) throw error;
  });
}
