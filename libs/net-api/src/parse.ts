import { isIPv4, isIPv6 } from 'node:net';
import type * as wire from './gen/net.ts';
import { Protocol as WireProtocol } from './gen/net.ts';
import { NetError } from './net-error.ts';
import type { AttachRequest, InstanceNetwork, PortMapping, Protocol, TraceQuestion } from './types.ts';

/** VXLAN between nodes. */
export const tunnelPort = { hostPort: 50_103, protocol: 'udp' } as const;
export const maxPorts = 64;

/** An id of 24 hex characters. @throws NetError invalid, naming the field */
export function parseInstanceId(text: string, field = 'instance_id'): string {
  if (!/^[0-9a-f]{24}$/.test(text)) throw invalid(field, text, 'must be 24 lower-case hex characters');
  return text;
}

/** @throws NetError invalid, naming the first field at fault. */
export function parseAttachRequest(request: wire.AttachRequest): AttachRequest {
  const instanceId = parseInstanceId(request.instanceId);
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(request.name)) throw invalid('name', request.name, 'must be 1 to 128 letters, digits, ".", "_" or "-"');
  if (request.ports.length > maxPorts) throw invalid('ports', request.ports.length, `must be at most ${maxPorts}`);
  const ports = request.ports.map(parsePort);
  ports.forEach((port, i) => refuseDuplicate(port, ports.slice(0, i), `ports[${i}]`));
  return { instanceId, name: request.name, ports, ...(request.network && { network: parseNetwork(request.network) }) };
}

/** @throws NetError invalid */
export function parseNetwork({ applicationId, organisation, ipv4, ipv6 }: wire.InstanceNetwork): InstanceNetwork {
  parseInstanceId(applicationId, 'network.application_id');
  if (organisation.length < 1 || organisation.length > 64) throw invalid('network.organisation', organisation, 'must be 1 to 64 characters');
  if (!isIPv4(ipv4)) throw invalid('network.ipv4', ipv4, 'must be an IPv4 address');
  if (!isIPv6(ipv6) || ipv6.includes('%')) throw invalid('network.ipv6', ipv6, 'must be an IPv6 address without a zone');
  return { applicationId, organisation, ipv4, ipv6 };
}

/** @throws NetError invalid */
export function parseTraceRequest({ from, to, protocol, port }: wire.TraceRequest): TraceQuestion {
  if (to.length < 1 || to.length > 255) throw invalid('to', to, 'must be 1 to 255 characters');
  if (port > 65_535) throw invalid('port', port, 'must be 1 to 65535, or 0 for none');
  const known = protocol === WireProtocol.ICMP ? 'icmp' : parseProtocol(protocol, 'protocol');
  return { from: parseInstanceId(from, 'from'), to, protocol: known, ...(port > 0 && { port }) };
}

/** The wire's form of a question. */
export function printTrace({ from, to, protocol, port = 0 }: TraceQuestion): wire.TraceRequest {
  const wireProtocol = { tcp: WireProtocol.TCP, udp: WireProtocol.UDP, icmp: WireProtocol.ICMP }[protocol];
  return { from, to, protocol: wireProtocol, port };
}

/** The wire's form of what is sent back. */
export function printPort({ hostPort, targetPort, protocol }: PortMapping): wire.PortMapping {
  return { hostPort, targetPort, protocol: protocol === 'tcp' ? WireProtocol.TCP : WireProtocol.UDP };
}

export function parsePort(port: wire.PortMapping, i: number): PortMapping {
  for (const field of ['hostPort', 'targetPort'] as const) {
    if (port[field] < 1 || port[field] > 65_535) throw invalid(`ports[${i}].${field === 'hostPort' ? 'host_port' : 'target_port'}`, port[field], 'must be 1 to 65535');
  }
  const parsed = { hostPort: port.hostPort, targetPort: port.targetPort, protocol: parseProtocol(port.protocol, `ports[${i}].protocol`) };
  if (parsed.hostPort === tunnelPort.hostPort && parsed.protocol === tunnelPort.protocol) {
    throw invalid(`ports[${i}].host_port`, '50103/udp', 'is reserved for the tunnel between nodes');
  }
  return parsed;
}

function parseProtocol(protocol: wire.Protocol, field: string): Protocol {
  if (protocol === WireProtocol.TCP) return 'tcp';
  if (protocol === WireProtocol.UDP) return 'udp';
  throw invalid(field, protocol, 'must be TCP (0) or UDP (1)');
}

function refuseDuplicate(port: PortMapping, earlier: readonly PortMapping[], path: string): void {
  const same = earlier.some(({ hostPort, protocol }) => hostPort === port.hostPort && protocol === port.protocol);
  if (same) throw invalid(`${path}.host_port`, `${port.hostPort}/${port.protocol}`, 'is mapped twice by this instance');
}

function invalid(field: string, value: string | number, remedy: string): NetError {
  return new NetError('invalid', `${field} ${JSON.stringify(value).slice(0, 160)} ${remedy}`);
}
