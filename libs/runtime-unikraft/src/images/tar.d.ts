import type { Duplex, Readable } from 'node:stream';

export interface Headers {
  readonly name: string;
  readonly type: 'file' | 'link' | 'symlink' | 'directory' | 'block-device' | 'character-device' | 'fifo' | 'contiguous-file' | null;
  readonly linkname?: string | null;
  readonly size?: number;
  readonly mode?: number;
}

export interface Extract extends NodeJS.WritableStream {
  on(event: 'entry', listener: (headers: Headers, stream: Readable, next: (error?: unknown) => void) => void): this;
  on(event: string, listener: (...values: unknown[]) => void): this;
}

export interface Pack extends Duplex {
  entry(headers: { name: string; type?: string; linkname?: string; mode?: number; size?: number }, content?: string | Uint8Array): void;
  finalize(): void;
}

export function extract(): Extract;
export function pack(): Pack;
