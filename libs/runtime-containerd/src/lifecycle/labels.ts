import { RuntimeError } from '@oak/runtime';

/** Our containers among others in the namespace, and which runtime they belong to. */
export const managedLabel = 'oakestra/managed';
export const virtualizationLabel = 'oakestra/virtualization';
/** Number of the signal that asks the workload to end; the image may want its own. */
export const stopSignalLabel = 'oakestra/stop-signal';

const reserved: readonly string[] = [managedLabel, virtualizationLabel, stopSignalLabel];
/** containerd's limit for a key and its value together. */
const longestLabelBytes = 4096;

type Labels = Readonly<Record<string, string>>;

/** The labels that a container carries: those of the workload and ours. */
export function containerLabels(name: string, own: Labels, virtualization: string, stopSignal: number): Record<string, string> {
  for (const [key, value] of Object.entries(own)) {
    if (reserved.includes(key)) throw new RuntimeError('invalid', `${name}: label ${key} is set by the runtime; choose another key`);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (key === '' || bytes > longestLabelBytes) throw new RuntimeError('invalid', `${name}: label ${JSON.stringify(key)} has ${bytes} bytes with its value; allowed are 1 to ${longestLabelBytes} and a key`);
  }
  return { ...own, [managedLabel]: 'true', [virtualizationLabel]: virtualization, [stopSignalLabel]: String(stopSignal) };
}

/** The labels that the workload came with. */
export function workloadLabels(all: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !reserved.includes(key)));
}

export const managedFilter = `labels.${JSON.stringify(managedLabel)}==true`;
