import { createHash, randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isDiskFull, RpcError } from '../client/rpc-error.ts';
import { LeasesDefinition } from '../gen/leases.ts';

const hourMs = 3_600_000;
/** A slow uplink may need most of a day for a large image. */
const pullLifeMs = 24 * hourMs;
const pullLabel = 'oakestra/pull';

/** Runs `use` with a client whose makings garbage collection leaves alone until it returns. Without that, any delete elsewhere takes a fresh snapshot away. After a crash the lease ends within the hour. */
export async function withLease<T>(client: ContainerdClient, use: (leased: ContainerdClient, leaseId: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const id = await createLease(client, hourMs, {}, signal);
  try {
    return await use(client.leased(id), id);
  } finally {
    await deleteLease(client, id);
  }
}

/**
 * A lease for pulling one image. What broke for a passing reason keeps it, so that the next try (also of another process) finds the partial
 * downloads; success, a final failure or an abort gives everything unfinished back at once.
 */
export async function withPullLease<T>(client: ContainerdClient, image: string, signal: AbortSignal, use: (leased: ContainerdClient) => Promise<T>): Promise<T> {
  const key = createHash('sha256').update(image).digest('hex').slice(0, 32);
  const { leases: earlier } = await client.call(LeasesDefinition, 'list', { filters: [`labels.${JSON.stringify(pullLabel)}==${key}`] }, { signal });
  const id = await createLease(client, pullLifeMs, { [pullLabel]: key }, signal);
  const spent = [id, ...earlier.map((lease) => lease.id)];
  try {
    return await use(client.leased(id));
  } catch (error) {
    if (!signal.aborted && isResumable(error)) spent.length = 0;
    throw error;
  } finally {
    for (const lease of spent) await deleteLease(client, lease);
  }
}

/** A full disk gets its space back; for the rest, what is there helps the next try. */
const isResumable = (error: unknown): boolean => error instanceof RuntimeError && error.kind === 'temporary' && !isDiskFull(error);

async function createLease(client: ContainerdClient, lifeMs: number, labels: Record<string, string>, signal: AbortSignal | undefined): Promise<string> {
  const id = `oakestra-${randomBytes(8).toString('hex')}`;
  await client.call(LeasesDefinition, 'create', { id, labels: { ...labels, 'containerd.io/gc.expire': new Date(Date.now() + lifeMs).toISOString() } }, { signal });
  return id;
}

/** Not cancelled with the work. A containerd that cannot do it now lets the lease expire. */
async function deleteLease(client: ContainerdClient, id: string): Promise<void> {
  await client.call(LeasesDefinition, 'delete', { id }).catch((error: unknown) => {
    if (!(error instanceof RpcError) || ![status.NOT_FOUND, status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error.code)) throw error;
  });
}
