import { liveBase, movedUntil, type Segment, type StreamFiles } from './log-files.ts';

export interface RotationLimits {
  /** A live file with this many bytes of data is rotated, into segments of this size. */
  readonly maxBytes: number;
  /** Segments kept beside the live file; the disk holds about `(segments + 1) * maxBytes` per stream, and what comes between two looks. */
  readonly segments: number;
}

export interface RotationPlan {
  /** Bytes of the stream to move into a new segment. */
  readonly move: { readonly start: number; readonly end: number } | undefined;
  readonly drop: readonly Segment[];
}

/** Holes are punched in whole blocks of the file system. */
export const blockBytes = 4096;

/** What to do about one stream next; nothing more once there is no `move`. Of a writer that is faster than the looks the oldest is skipped, as it would be dropped at once. */
export function planRotation(files: StreamFiles, limits: RotationLimits): RotationPlan {
  const base = liveBase(files);
  const end = base + wholeBlocks(files.size);
  const piece = Math.max(blockBytes, wholeBlocks(limits.maxBytes));
  const moved = movedUntil(files);
  const start = Math.max(moved, end - limits.segments * piece);
  const move = base + files.size - moved >= limits.maxBytes && end > start ? { start, end: Math.min(end, start + piece) } : undefined;
  const kept = Math.max(0, limits.segments - (move ? 1 : 0));
  return { move, drop: files.segments.slice(0, Math.max(0, files.segments.length - kept)) };
}

const wholeBlocks = (bytes: number): number => Math.floor(bytes / blockBytes) * blockBytes;
