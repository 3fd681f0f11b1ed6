import type { RequestOptions } from '@oak/messaging';

/** A leaf link carries answers only to the inbox that the cluster's permissions name. */
export function askCluster(name: string): RequestOptions {
  return { timeoutMs: 3_000, inbox: `_INBOX.root.${name}` };
}
