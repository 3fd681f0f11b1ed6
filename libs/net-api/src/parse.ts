import type * as wire from './gen/net.ts';
import { Protocol as WireProtocol } from './gen/net.ts';
import { NetError } from './net-error.ts';
import type { AttachRequest, PortMapping, Protocol } from './types.ts';

/** VXLAN between nodes. */
export const tunnelPort = { hostPort: 50_103, protocol: 'udp' } as const;
export const maxPorts = 64;

/** @throws NetError invalid */
export function parseInstanceId(text: string): string {
  if (!/^[0-9a-f]{24}$/.test(text)) throw invalid('instance_id', text, 'must be 24 lower-case hex characters');
  return text;
}

/** @throws NetError invalid, naming the first field at fault. */
export function parseAttachRequest(request: wire.AttachRequest): AttachRequest {
  const instanceId = parseInstanceId(request.instanceId);
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(request.name)) throw invalid('name', request.name, 'must be 1 to 128 letters, digits, ".", "_" or "-"');
  if (request.ports.length > maxPorts) throw invalid('ports', request.ports.length, `must be at most ${maxPorts}`);
  const ports = request.ports.map(parsePort);
  ports.forEach((port, i) => refuseDuplicate(port, ports.slice(0, i), `ports[${i}]`));
  return { instanceId, name: request.name, ports };
}

/** The wire's form of what is sent back. */
export function printPort({ hostPort, targetPort, protocol }: PortMapping): wire.PortMapping {
  return { hostPort, targetPort, protocol: protocol === 'tcp' ? WireProtocol.TCP : WireProtocol.UDP };
}

export function parsePort(port: wire.PortMapping, i: number): PortMapping {
  for (const field of ['hostPort', 'targetPort'] as const) {
    if (port[field] < 1 || port[field] > 65_535) throw invalid(`ports[${i}].${field === 'hostPort' ? 'host_port' : 'target_port'}`, port[field], 'must be 1 to 65535');
  }
  const parsed = { hostPort: port.hostPort, targetPort: port.targetPort, protocol: parseProtocol(port.protocol, i) };
  if (parsed.hostPort === tunnelPort.hostPort && parsed.protocol === tunnelPort.protocol) {
    throw invalid(`ports[${i}].host_port`, '50103/udp', 'is reserved for the tunnel between nodes');
  }
  return parsed;
}

function parseProtocol(protocol: wire.Protocol, i: number): Protocol {
  if (protocol === WireProtocol.TCP) return 'tcp';
  if (protocol === WireProtocol.UDP) return 'udp';
  throw invalid(`ports[${i}].protocol`, protocol, 'must be TCP (0) or UDP (1)');
}

function refuseDuplicate(port: PortMapping, earlier: readonly PortMapping[], path: string): void {
  const same = earlier.some(({ hostPort, protocol }) => hostPort === port.hostPort && protocol === port.protocol);
  if (same) throw invalid(`${path}.host_port`, `${port.hostPort}/${port.protocol}`, 'is mapped twice by this instance');
}

function invalid(field: string, value: string | number, remedy: string): NetError {
  return new NetError('invalid', `${field} ${JSON.stringify(value).slice(0, 160)} ${remedy}`);
}
