import { open } from 'node:fs/promises';
import { liveBase, type LogStreamName, movedUntil, readStreamFiles, type StreamFiles, unlessAbsent } from './log-files.ts';

/** Bytes of a stream from an offset on. `from` is later than asked for when rotation has dropped what was asked for. */
export interface Piece {
  readonly from: number;
  readonly bytes: Buffer;
}

const pieceBytes = 64 * 1024;
const newline = 0x0a;

/** One stream of one workload as a single run of bytes, wherever rotation has put them. */
export class LogSource {
  readonly #dir: string;
  readonly #stream: LogStreamName;

  constructor(dir: string, stream: LogStreamName) {
    this.#dir = dir;
    this.#stream = stream;
  }

  /** At most 64 KiB, and at most up to `until`; no bytes at the end. */
  async read(from: number, until = Infinity): Promise<Piece> {
    const files = await this.#files();
    const segment = files.segments.find(({ end }) => end > from);
    const start = Math.max(from, segment?.start ?? Math.min(movedUntil(files), endOf(files)));
    if (segment) return { from: start, bytes: await slice(segment.path, start - segment.start, Math.min(segment.end, until) - start) };
    const bytes = await slice(files.live, start - liveBase(files), until - start);
    // Bytes that were moved away while they were read came back as zeros.
    const later = await this.#files();
    const moved = movedUntil(later) > start || liveBase(later) !== liveBase(files);
    return bytes.length > 0 && moved ? this.read(start, until) : { from: start, bytes };
  }

  /** Offset at which the last `lines` lines begin; an unfinished last line counts. */
  async tailStart(lines: number): Promise<number> {
    const files = await this.#files();
    const begin = files.segments[0]?.start ?? 0;
    const end = endOf(files);
    if (lines === 0) return end;
    let left = lines;
    for (let upper = end; upper > begin; upper -= pieceBytes) {
      const from = Math.max(begin, upper - pieceBytes);
      const bytes = await this.#range(from, upper);
      for (let index = bytes.length - 1; index >= 0; index--) {
        // The newline that ends the whole is no border between two lines.
        if (bytes[index] === newline && from + index !== end - 1 && --left === 0) return from + index + 1;
      }
    }
    return begin;
  }

  async #range(from: number, until: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let at = from; at < until; ) {
      const piece = await this.read(at, until);
      if (piece.bytes.length === 0) break;
      pieces.push(piece.bytes);
      at = piece.from + piece.bytes.length;
    }
    return Buffer.concat(pieces);
  }

  #files(): Promise<StreamFiles> {
    return readStreamFiles(this.#dir, this.#stream);
  }
}

const endOf = (files: StreamFiles): number => Math.max(movedUntil(files), liveBase(files) + files.size);

async function slice(path: string, at: number, length: number): Promise<Buffer> {
  const wanted = Math.min(pieceBytes, length);
  const file = wanted > 0 ? await open(path, 'r').catch(unlessAbsent(undefined)) : undefined;
  if (!file) return Buffer.alloc(0);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
