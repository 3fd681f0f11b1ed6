import type { ContainerdClient } from '../client/containerd-client.ts';
import { isAlreadyExists } from '../client/rpc-error.ts';
import { LeasesDefinition } from '../gen/leases.ts';
import { unlessNotFound } from './unless-not-found.ts';

const hourMs = 3_600_000;
const leaseOf = (id: string): string => `oakestra-start-${id}`;

/**
 * Keeps the snapshot of a workload from garbage collection until its container refers to it. The name follows from the workload's id,
 * so that the next verb finds what a crash left; what nobody asks for again ends by itself within the hour.
 */
export async function takeStartLease(client: ContainerdClient, id: string): Promise<ContainerdClient> {
  const labels = { 'containerd.io/gc.expire': new Date(Date.now() + hourMs).toISOString() };
  await client.call(LeasesDefinition, 'create', { id: leaseOf(id), labels }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  return client.leased(leaseOf(id));
}

/** Unknown is success. With `sync` it waits until containerd has collected what nothing holds any more. */
export async function dropStartLease(client: ContainerdClient, id: string, sync = false): Promise<void> {
  await client.call(LeasesDefinition, 'delete', { id: leaseOf(id), sync }).catch(unlessNotFound);
}
