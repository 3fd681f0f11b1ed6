import { statfsSync } from 'node:fs';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import type { NodeDescription } from '@oak/contracts';

export interface DescribeOptions {
  readonly address: string | undefined;
  readonly capacity: { readonly vcpus?: number | undefined; readonly memory_mib?: number | undefined; readonly storage_mib?: number | undefined };
  readonly labels: Readonly<Record<string, string>>;
  readonly allowPrivileged: boolean;
  /** Whose file system is the node's storage. */
  readonly stateDir: string;
}

const version = '0.1.0';
/** Node's spelling -> OCI's. What is missing here is spelled alike. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** As OCI spells it. */
export const machineArchitecture = architectures[arch()] ?? arch();

/** What this machine is, and what of it may be given away. */
export function describeNode({ address, capacity, labels, allowPrivileged, stateDir }: DescribeOptions): NodeDescription {
  const disk = statfsSync(stateDir);
  return {
    hostname: hostname(), arch: machineArchitecture, kernel: release(), version, ...(address !== undefined && { address }),
    total: {
      vcpus: capacity.vcpus ?? availableParallelism(), memoryMiB: capacity.memory_mib ?? Math.floor(totalmem() / 2 ** 20),
      storageMiB: capacity.storage_mib ?? Math.floor((disk.blocks * disk.bsize) / 2 ** 20), vgpus: 0,
    },
    csiDrivers: [], addons: [], labels, allowsPrivileged: allowPrivileged,
  };
}
