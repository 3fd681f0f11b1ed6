import type { Candidate, TakenPort } from './candidate.ts';
import type { Demand } from './demand.ts';
import { example, type Filter } from './filter.ts';
import { roomFor } from './fits.ts';
import type { RefusalReason } from './refusal-reason.ts';
import { lacks, type ResourceName } from './resources.ts';

const takenPort = ({ hostPorts }: Candidate, demand: Demand): TakenPort | undefined =>
  (demand.hostPorts.length === 0 ? undefined : hostPorts.find((taken) => demand.hostPorts.some(({ port, protocol }) => port === taken.port && protocol === taken.protocol)));

const portTaken: Filter = {
  reason: 'port-taken',
  verbs: ['has port', 'have port'],
  refuses: (candidate, { demand }) => takenPort(candidate, demand) !== undefined,
  detail(candidate, { demand }, alone) {
    const taken = takenPort(candidate, demand);
    return ` ${taken?.port}/${taken?.protocol} taken ${alone ? `by ${taken?.by}` : `(${candidate.name}: by ${taken?.by})`}`;
  },
};

/** Two decimals are enough for people. */
export const amount = (value: number): number => Math.max(0, Math.round(value * 100) / 100);

function exhausted(resource: ResourceName, reason: RefusalReason, noun: string, unit: string): Filter {
  return {
    reason, resource,
    verbs: [`is out of ${noun}`, `are out of ${noun}`],
    refuses: (candidate, { demand }) => lacks(roomFor(candidate, demand), demand.resources, resource),
    detail: (candidate, { demand }, alone) =>
      ` (needs ${amount(demand.resources[resource])}${unit}, ${example(candidate, alone, `has ${amount(roomFor(candidate, demand)[resource])}`)})`,
  };
}

/** About what is still free: each placement may change them. */
export const usageFilters: readonly Filter[] = [
  portTaken,
  exhausted('vcpus', 'vcpus-exhausted', 'CPU', ' cores'),
  exhausted('memoryMiB', 'memory-exhausted', 'memory', ' MiB'),
  exhausted('storageMiB', 'storage-exhausted', 'storage', ' MiB'),
  exhausted('vgpus', 'vgpus-exhausted', 'GPUs', ''),
];
