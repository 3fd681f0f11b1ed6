import type { InstanceSpec } from '@oak/contracts';
import type { Workload } from '@oak/runtime';
import { parsePorts, type Microservice, type PortMapping } from '@oak/sla';
import { machineArchitecture } from '../fingerprint/describe-node.ts';

/** Labels by which a workload is known again after a restart of anything. */
export const labelsOf = ({ serviceId, name, instanceNumber, attempt }: InstanceSpec): Record<string, string> => ({
  'oakestra/service': serviceId, 'oakestra/name': name, 'oakestra/instance-number': String(instanceNumber), 'oakestra/attempt': String(attempt),
});

/** `architecture` as OCI spells it: which of several kernels is this machine's. */
export function workloadOf(spec: InstanceSpec, architecture = machineArchitecture): Workload {
  const { microservice } = spec;
  const hostname = `${microservice.microservice_name}-${spec.instanceNumber}`.toLowerCase();
  return {
    id: spec.id, name: `${spec.name}.instance.${spec.instanceNumber}`, image: artifactOf(microservice, architecture), command: microservice.cmd,
    environment: [`HOSTNAME=${hostname}`, ...microservice.environment], hostname,
    limits: { vcpus: microservice.vcpus, memoryMiB: microservice.memory }, privileged: microservice.privileged, mounts: [], labels: labelsOf(spec),
  };
}

/** A unikernel names a kernel for each of its architectures, or one for all. */
function artifactOf({ virtualization, code, arch }: Microservice, architecture: string): string {
  if (virtualization.trim() !== 'unikernel' || !code.includes(',')) return code;
  return code.split(',')[arch.indexOf(architecture)]?.trim() ?? code;
}

/** The descriptor's ports were checked when it was submitted; a text that does not parse here came by another way. */
export function portsOf({ microservice }: InstanceSpec): readonly PortMapping[] {
  const parsed = parsePorts(microservice.port);
  if (!parsed.ok) throw new Error(`port ${JSON.stringify(microservice.port)}: ${parsed.faults.map(({ message }) => message).join('; ')}`);
  return parsed.ports;
}
