import { existsSync } from 'node:fs';
import type { LogLine, LogOptions, WorkloadLogs, Writing } from '@oak/runtime';
import { createLogFiles, logDirOf, removeLogFiles } from './log-files.ts';
import { readLog } from './read-log.ts';

/** Logs as files below one folder, which `LogRotation` keeps small. */
export class FileLogs implements WorkloadLogs {
  readonly #logDir: string;

  constructor(logDir: string) {
    this.#logDir = logDir;
  }

  create(id: string): Promise<Readonly<Record<'stdout' | 'stderr', string>>> {
    return createLogFiles(logDirOf(this.#logDir, id));
  }

  has(id: string): boolean {
    return existsSync(logDirOf(this.#logDir, id));
  }

  read(id: string, options: LogOptions, signal: AbortSignal, writing: Writing): AsyncIterable<LogLine> {
    return readLog({ dir: logDirOf(this.#logDir, id), options, signal, ...writing });
  }

  remove(id: string): Promise<void> {
    return removeLogFiles(logDirOf(this.#logDir, id));
  }
}
