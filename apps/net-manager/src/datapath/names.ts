import { createHash } from 'node:crypto';

/** Every link of an instance on this node begins so. */
export const linkPrefix = 'oakv';
/** The tunnels to other nodes, one for each family that the machines talk by. */
export const tunnels = { 4: 'oakvx', 6: 'oakvx6' } as const;
export const tunnelPrefix = tunnels[4];
/** What encrypts between nodes. */
export const wireguardPrefix = 'oakwg';
/** In the families `inet` and `bridge`. */
export const tableName = 'oakestra';
/** Marks our routes and rules for routes (`protocol`), so that nobody else's are touched. */
export const routeProtocol = 147;
/** VXLAN network identifier: "oak". */
export const tunnelNetwork = 0x6f616b;
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

/** Of a node's end of the tunnel; every node knows it by the names alone. */
export function tunnelMac(cluster: string, node: string): string {
  return ['0e', ...[...createHash('sha256').update(`${cluster}/${node}`).digest().subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
