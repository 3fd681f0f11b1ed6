import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type LogStreamName = 'stdout' | 'stderr';

export const streamNames: readonly LogStreamName[] = ['stdout', 'stderr'];

/**
 * A piece of a stream that was moved out of the live file. Offsets count the bytes of the whole stream, from its beginning.
 * `truncated`: the live file was emptied, so that its offset 0 is this segment's end; otherwise a hole was punched and offsets stay.
 */
export interface Segment {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly truncated: boolean;
}

/** A stream on disk: the live file that the shim appends to, and the segments before it, oldest first. */
export interface StreamFiles {
  readonly live: string;
  /** Bytes of the live file, holes included; 0 when it does not exist. */
  readonly size: number;
  readonly segments: readonly Segment[];
}

export const logDirOf = (logDir: string, id: string): string => join(logDir, id);

const segmentName = /^(stdout|stderr)\.(\d{15})-(\d{15})(\.truncated)?$/;

/** Zero-padded, so that names sort as numbers do. */
export function segmentPath(dir: string, stream: LogStreamName, { start, end, truncated }: Omit<Segment, 'path'>): string {
  const padded = (offset: number) => String(offset).padStart(15, '0');
  return join(dir, `${stream}.${padded(start)}-${padded(end)}${truncated ? '.truncated' : ''}`);
}

export function parseSegment(dir: string, name: string): (Segment & { readonly stream: LogStreamName }) | undefined {
  const [, stream, start, end, truncated] = segmentName.exec(name) ?? [];
  if (stream === undefined) return undefined;
  return { path: join(dir, name), stream: stream as LogStreamName, start: Number(start), end: Number(end), truncated: truncated !== undefined };
}

/** Where the live file's data begins, in bytes of the stream. */
export const movedUntil = ({ segments }: Pick<StreamFiles, 'segments'>): number => Math.max(0, ...segments.map(({ end }) => end));

/** Byte of the stream at the live file's offset 0. */
export const liveBase = ({ segments }: Pick<StreamFiles, 'segments'>): number =>
  Math.max(0, ...segments.filter(({ truncated }) => truncated).map(({ end }) => end));

export async function readStreamFiles(dir: string, stream: LogStreamName): Promise<StreamFiles> {
  const names = await readdir(dir).catch(unlessAbsent([]));
  const live = join(dir, stream);
  const size = await stat(live).then(({ size: bytes }) => bytes, unlessAbsent(0));
  const segments = names.sort().map((name) => parseSegment(dir, name)).filter((segment) => segment?.stream === stream);
  return { live, size, segments: segments.filter((segment) => segment !== undefined) };
}

/** The shim wants both files to exist before the task is created; what a former life said stays. */
export async function createLogFiles(dir: string): Promise<Readonly<Record<LogStreamName, string>>> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const stream of streamNames) await (await open(join(dir, stream), 'a', 0o600)).close();
  return { stdout: join(dir, 'stdout'), stderr: join(dir, 'stderr') };
}

/** Tried again when rotation puts a file into the folder while it is emptied. */
export const removeLogFiles = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });

/** A file that is not there is an answer; anything else is not. */
export function unlessAbsent<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  };
}
