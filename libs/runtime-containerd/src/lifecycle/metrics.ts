import type { Stats } from '@oak/runtime';
import { cgroupMetrics } from '../client/any.ts';
import type { Any } from '../gen/google/protobuf/any.ts';

/** A number that the kernel calls "no limit", on either version of cgroups. */
const noLimitBytes = 1n << 60n;

export function statsOf(id: string, sample: Any | undefined): Stats | undefined {
  const cgroup = cgroupMetrics(sample);
  if (!cgroup) return undefined;
  if (cgroup.version === 1) {
    const { cpu, memory, memoryOomControl } = cgroup.metrics;
    return {
      id, cpuMs: Number((cpu?.usage?.total ?? 0n) / 1_000_000n), memoryBytes: workingSet(memory?.usage?.usage, memory?.totalInactiveFile),
      memoryLimitBytes: limit(memory?.usage?.limit), oomKills: Number(memoryOomControl?.oomKill ?? 0n),
    };
  }
  const { cpu, memory, memoryEvents } = cgroup.metrics;
  return {
    id, cpuMs: Number((cpu?.usageUsec ?? 0n) / 1_000n), memoryBytes: workingSet(memory?.usage, memory?.inactiveFile),
    memoryLimitBytes: limit(memory?.usageLimit), oomKills: Number(memoryEvents?.oomKill ?? 0n),
  };
}

function workingSet(usage = 0n, inactive = 0n): number {
  return Number(usage > inactive ? usage - inactive : 0n);
}

function limit(bytes = 0n): number {
  return bytes >= noLimitBytes ? 0 : Number(bytes);
}
