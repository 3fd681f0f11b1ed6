import { execFile } from 'node:child_process';
import { type FileHandle, open, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { liveBase, logDirOf, type LogStreamName, readStreamFiles, type Segment, segmentPath, streamNames, unlessAbsent } from './log-files.ts';
import { planRotation, type RotationLimits } from './rotation-plan.ts';

export interface LogRotationOptions extends RotationLimits {
  readonly logDir: string;
  /** Told once, when the file system cannot punch holes and a line may be lost at each rotation. */
  readonly report: (message: string) => void;
}

const exec = promisify(execFile);
const copyBytes = 2 ** 20;

/** Takes `[0, length)` out of a file without changing the offsets of the rest, while somebody appends to it. */
async function punch(path: string, length: number): Promise<boolean> {
  return exec('fallocate', ['--punch-hole', '--offset', '0', '--length', String(length), path]).then(() => true, () => false);
}

async function copyRange(from: FileHandle, to: FileHandle, start: number, end: number): Promise<void> {
  const buffer = Buffer.alloc(Math.max(0, Math.min(copyBytes, end - start)));
  for (let at = start; at < end; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new Error(`log ended at ${at}, expected ${end}`);
    await to.appendFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Keeps logs small while containers write on. Nothing is lost where holes can be punched (ext4, xfs, btrfs, tmpfs). */
export class LogRotation {
  readonly #options: LogRotationOptions;
  readonly #punch: (path: string, length: number) => Promise<boolean>;
  #warned = false;

  constructor(options: LogRotationOptions, punchHole = punch) {
    this.#options = options;
    this.#punch = punchHole;
  }

  /** Looks at all logs once. Call it on a period; one call at a time. @throws AggregateError of what went wrong, after it has looked at the others */
  async sweep(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const id of await readdir(this.#options.logDir).catch(unlessAbsent<string[]>([]))) {
      for (const stream of streamNames) {
        signal.throwIfAborted();
        // A workload that is removed meanwhile takes its files along.
        await this.#rotate(logDirOf(this.#options.logDir, id), stream).catch(unlessAbsent(undefined)).catch((error: unknown) => failures.push(error));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }

  async #rotate(dir: string, stream: LogStreamName): Promise<void> {
    // A writer that is faster than this gets its turn back after the segments that are kept.
    for (let left = this.#options.segments, more = true; more && left > 0; left--) {
      const files = await readStreamFiles(dir, stream);
      const { move, drop } = planRotation(files, this.#options);
      if (move) await this.#move(dir, stream, files.live, liveBase(files), move);
      for (const segment of drop) await rm(segment.path, { force: true });
      more = move !== undefined;
    }
  }

  /** The segment gets its name before its bytes leave the live file: a reader, or a crash between the two, finds them twice but never not at all. */
  async #move(dir: string, stream: LogStreamName, live: string, base: number, { start, end }: { start: number; end: number }): Promise<void> {
    const draft = join(dir, `${stream}.draft`);
    try {
      await this.#copy(live, draft, start - base, end - base);
      const segment = { path: segmentPath(dir, stream, { start, end, truncated: false }), start, end, truncated: false };
      await rename(draft, segment.path);
      if (!(await this.#punch(live, end - base))) await this.#empty(dir, stream, live, base, segment);
    } finally {
      await rm(draft, { force: true });
    }
  }

  async #copy(live: string, draft: string, start: number, end: number): Promise<void> {
    await using from = await open(live, 'r');
    await using to = await open(draft, 'w', 0o600);
    await copyRange(from, to, start, end);
  }

  /** Second best: what is written between the last copy and the emptying is lost. */
  async #empty(dir: string, stream: LogStreamName, live: string, base: number, segment: Segment): Promise<void> {
    if (!this.#warned) this.#options.report(`${live}: cannot punch holes here (fallocate of util-linux, or the file system); logs are emptied instead and may lose lines while they rotate`);
    this.#warned = true;
    const rest = await this.#append(live, segment.end - base, segment.path);
    const { start } = segment;
    await rename(segment.path, segmentPath(dir, stream, { start, end: segment.end + rest, truncated: true }));
    await truncate(live, 0);
  }

  async #append(live: string, start: number, segment: string): Promise<number> {
    await using from = await open(live, 'r');
    await using to = await open(segment, 'a');
    const { size } = await from.stat();
    await copyRange(from, to, start, size);
    return Math.max(0, size - start);
  }
}
