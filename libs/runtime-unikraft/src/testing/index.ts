export { PlainLogs } from './plain-logs.ts';
export { command, openUnikraftBench, TestKernels, unikernelTraits, type DriverPlaces, type UnikraftBench } from './unikraft-subject.ts';
