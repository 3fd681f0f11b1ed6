import { shown } from './shorten.ts';

export type Protocol = 'tcp' | 'udp';

/** One port of the node that leads to a port of the instance. */
export interface PortMapping {
  /** 1 to 65535, on the node. */
  readonly hostPort: number;
  /** 1 to 65535, inside the instance. */
  readonly targetPort: number;
  readonly protocol: Protocol;
}

export interface PortFault {
  readonly message: string;
  readonly remedy: string;
}

export type ParsedPorts = { readonly ok: true; readonly ports: readonly PortMapping[] } | { readonly ok: false; readonly faults: readonly PortFault[] };

/** `host[:target][/tcp|/udp]` */
const ENTRY = /^(?<host>\d{1,9})(?::(?<target>\d{1,9}))?(?:\/(?<protocol>tcp|udp))?$/;
const SYNTAX = 'write host[:target][/tcp or /udp], for example "8080:80" or "53:53/udp", several joined by ";"';
/** The overlay's tunnel between nodes. */
const RESERVED: PortMapping = { hostPort: 50103, targetPort: 50103, protocol: 'udp' };
const MAX_ENTRIES = 256;

/**
 * Oakestra's port syntax: entries `host[:target][/tcp|/udp]` joined by `;`. The target is the host's number and the protocol tcp unless given.
 * Empty text means no mapping. All faults are listed.
 */
export function parsePorts(text: string): ParsedPorts {
  if (text === '') return { ok: true, ports: [] };
  const entries = text.split(';', MAX_ENTRIES + 1);
  if (entries.length > MAX_ENTRIES) return { ok: false, faults: [{ message: 'has too many port mappings', remedy: `use at most ${MAX_ENTRIES}` }] };
  const parsed = entries.map(parseEntry);
  const ports = parsed.filter((entry): entry is PortMapping => 'hostPort' in entry);
  const faults = [...parsed.filter((entry): entry is PortFault => 'message' in entry), ...duplicates(ports)];
  return faults.length === 0 ? { ok: true, ports } : { ok: false, faults };
}

function parseEntry(entry: string): PortMapping | PortFault {
  const groups = ENTRY.exec(entry)?.groups;
  if (!groups) return { message: `port mapping ${shown(entry)} is not understood`, remedy: SYNTAX };
  const hostPort = Number(groups['host']);
  const targetPort = Number(groups['target'] ?? groups['host']);
  const protocol: Protocol = groups['protocol'] === 'udp' ? 'udp' : 'tcp';
  return rangeFault(hostPort) ?? rangeFault(targetPort) ?? reservedFault(hostPort, protocol) ?? { hostPort, targetPort, protocol };
}

function rangeFault(port: number): PortFault | undefined {
  return port >= 1 && port <= 65535 ? undefined : { message: `port ${port} does not exist`, remedy: 'use a port from 1 to 65535' };
}

function reservedFault(hostPort: number, protocol: Protocol): PortFault | undefined {
  if (hostPort !== RESERVED.hostPort || protocol !== RESERVED.protocol) return undefined;
  return { message: 'host port 50103/udp is reserved: the overlay network between nodes uses it', remedy: 'use another host port' };
}

function duplicates(ports: readonly PortMapping[]): PortFault[] {
  const keys = ports.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`);
  const repeated = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  return [...repeated].map((key) => ({ message: `host port ${key} is mapped more than once`, remedy: 'map each host port once' }));
}

/** The mappings in the descriptor's syntax, everything spelt out: `8080:80/tcp;53:53/udp`. */
export function printPorts(ports: readonly PortMapping[]): string {
  return ports.map(({ hostPort, targetPort, protocol }) => `${hostPort}:${targetPort}/${protocol}`).join(';');
}
