export type { Capabilities } from './capabilities.ts';
export { RuntimeError, type ErrorKind } from './runtime-error.ts';
export type {
  Attachment, Exit, Limits, LogLine, LogOptions, Mount, Observed, Phase, RemoveOptions, Runtime, RuntimeDescription, RuntimeEvent, Stats, Workload,
} from './runtime.ts';
export { Turns, unlessAborted } from './turns.ts';
export type { WorkloadLogs, Writing } from './workload-logs.ts';
