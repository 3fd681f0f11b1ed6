import { createHash } from 'node:crypto';

/** Every link of an instance on this node begins so; nothing else is ours to touch. */
export const linkPrefix = 'oakv';
export const tableName = 'oakestra';
const netnsDir = '/run/netns';

/** At most 15 characters fit a link's name, so the id is hashed: ids made in the same second differ only at their end. */
export function linkName(instanceId: string): string {
  return linkPrefix + createHash('sha256').update(instanceId).digest('hex').slice(0, 11);
}

export function netnsName(instanceId: string): string {
  return `oak-${instanceId}`;
}

export function netnsPath(instanceId: string): string {
  return `${netnsDir}/${netnsName(instanceId)}`;
}

/** Follows from the address, so that a neighbour's memory stays right when an address passes to another instance. */
export function macOf(ipv4: string): string {
  return ['0a', '6b', ...ipv4.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
}
