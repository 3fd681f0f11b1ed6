import type { ContainerdClient } from '../client/containerd-client.ts';
import { ContentDefinition } from '../gen/content.ts';

/** A small blob of containerd's content store, whole. */
export async function readBlob(client: ContainerdClient, digest: string, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { data } of client.stream(ContentDefinition, 'read', { digest }, { signal })) parts.push(Buffer.from(data));
  return Buffer.concat(parts);
}
