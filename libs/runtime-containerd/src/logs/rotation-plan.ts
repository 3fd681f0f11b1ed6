import { liveBase, movedUntil, type Segment, type StreamFiles } from './log-files.ts';

export interface RotationLimits {
  /** A live file with this many bytes of data is rotated. */
  readonly maxBytes: number;
  /** Segments kept beside the live file; the disk holds about `(segments + 1) * maxBytes` per stream. */
  readonly segments: number;
}

export interface RotationPlan {
  /** Bytes of the stream to move into a new segment. */
  readonly move: { readonly start: number; readonly end: number } | undefined;
  readonly drop: readonly Segment[];
}

/** Holes are punched in whole blocks of the file system. */
export const blockBytes = 4096;

/** What to do about one stream now. */
export function planRotation(files: StreamFiles, limits: RotationLimits): RotationPlan {
  const start = movedUntil(files);
  const base = liveBase(files);
  const end = base + Math.floor(files.size / blockBytes) * blockBytes;
  const move = base + files.size - start >= limits.maxBytes && end > start ? { start, end } : undefined;
  const kept = Math.max(0, limits.segments - (move ? 1 : 0));
  return { move, drop: files.segments.slice(0, Math.max(0, files.segments.length - kept)) };
}
