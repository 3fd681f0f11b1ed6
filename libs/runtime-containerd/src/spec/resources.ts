import type { Limits } from '@oak/runtime';
import type { OciResources } from './oci-types.ts';

export interface ResourceOptions {
  /** The kernel counts swap, so it can be forbidden together with memory. */
  readonly swapAccounting: boolean;
  /** 0: no limit. */
  readonly pidsLimit: number;
  /** What the sandbox itself needs beside the workload, in MiB. */
  readonly overheadMiB: number;
}

const cpuPeriodUs = 100_000;
/** The kernel refuses less. */
const smallestQuotaUs = 1000;
const sharesPerCpu = 1024;
const smallestShares = 2;
const mebibyte = 2 ** 20;

/** Limits as cgroups count them. Swap equals memory: a workload that exceeds its memory ends, it does not slow the machine down. */
export function resources(limits: Limits, privileged: boolean, options: ResourceOptions): OciResources {
  return {
    devices: [{ allow: privileged, access: 'rwm' }],
    ...(limits.memoryMiB > 0 ? { memory: memory((limits.memoryMiB + options.overheadMiB) * mebibyte, options.swapAccounting) } : {}),
    ...(limits.vcpus > 0 ? { cpu: cpu(limits.vcpus) } : {}),
    ...(options.pidsLimit > 0 ? { pids: { limit: options.pidsLimit } } : {}),
  };
}

const memory = (limit: number, swapAccounting: boolean) => (swapAccounting ? { limit, swap: limit } : { limit });

const cpu = (vcpus: number) => ({
  quota: Math.max(smallestQuotaUs, Math.round(vcpus * cpuPeriodUs)),
  period: cpuPeriodUs,
  shares: Math.max(smallestShares, Math.round(vcpus * sharesPerCpu)),
});
