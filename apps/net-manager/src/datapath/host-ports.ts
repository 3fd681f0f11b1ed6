import { readFileSync } from 'node:fs';
import type { PortMapping, Protocol } from '@oak/net-api';

const listening = '0A';
/** A UDP socket that is bound and has no peer. */
const unconnected = '07';

/** Ports on which processes of this node wait, by the kernel's own list (/proc/net/tcp, udp, and their version 6). */
export function portsInUse(protocol: Protocol, readProc: (file: string) => string = readProcNet): Set<number> {
  return new Set([protocol, `${protocol}6`].flatMap((file) => parseSockets(readProc(file), protocol === 'tcp' ? listening : unconnected)));
}

/** The first of `ports` that a process of this node has. */
export function firstInUse(ports: readonly PortMapping[], inUse: (protocol: Protocol) => ReadonlySet<number> = portsInUse): PortMapping | undefined {
  const used = new Map([...new Set(ports.map(({ protocol }) => protocol))].map((protocol) => [protocol, inUse(protocol)]));
  return ports.find(({ protocol, hostPort }) => used.get(protocol)?.has(hostPort));
}

/** Local ports of the sockets in a state; columns: number, local `address:port` in hex, remote, state. */
export function parseSockets(text: string, state: string): number[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [, local, , actual] = line.trim().split(/\s+/);
    return actual === state && local !== undefined ? [Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)] : [];
  });
}

function readProcNet(file: string): string {
  return readFileSync(`/proc/net/${file}`, 'utf8');
}
