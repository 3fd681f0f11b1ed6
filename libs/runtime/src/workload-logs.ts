import type { LogLine, LogOptions } from './runtime.ts';

/** Whether a workload may still write, for those who follow what it says. */
export interface Writing {
  /** True when it writes no more. Asked only when there is nothing to read. */
  readonly isOver: () => Promise<boolean>;
  /** Calls back when `isOver` may have changed, until the returned function is called. */
  readonly onChange: (wake: () => void) => () => void;
}

/** Where the runtimes of a node put what their workloads say, and how it is read again. */
export interface WorkloadLogs {
  /** Paths of two files to append to; what a former life said stays. */
  create(id: string): Promise<Readonly<Record<'stdout' | 'stderr', string>>>;
  /** There is something of a former life. */
  has(id: string): boolean;
  read(id: string, options: LogOptions, signal: AbortSignal, writing: Writing): AsyncIterable<LogLine>;
  /** Unknown is success. */
  remove(id: string): Promise<void>;
}
