import { endianness } from 'node:os';

/** Of a message of the kernel (netlink(7)): `NLM_F_*`. What is new may exist already; a chain's rule goes behind the others. */
export const flags = { request: 0x1, ack: 0x4, dump: 0x300, create: 0x400, append: 0x800 } as const;
/** Set in answers: what was listed changed meanwhile (`NLM_F_DUMP_INTR`). */
const interrupted = 0x10;
export const types = { error: 2, done: 3 } as const;

const headerBytes = 16;
const isLittle = endianness() === 'LE';
const aligned = (bytes: number): number => (bytes + 3) & ~3;

export interface Message {
  readonly type: number;
  readonly sequence: number;
  readonly isInterrupted: boolean;
  readonly body: Buffer;
}

/** Numbers of netlink itself are the machine's; those inside nftables are big-endian. */
const put16 = (buffer: Buffer, value: number, at: number): void => { if (isLittle) buffer.writeUInt16LE(value, at); else buffer.writeUInt16BE(value, at); };
const put32 = (buffer: Buffer, value: number, at: number): void => { if (isLittle) buffer.writeUInt32LE(value, at); else buffer.writeUInt32BE(value, at); };
const get16 = (buffer: Buffer, at: number): number => (isLittle ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at));
const get32 = (buffer: Buffer, at: number): number => (isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at));

/** A number as the machine keeps it. */
export function native32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  put32(buffer, value, 0);
  return buffer;
}
export const readNative32 = (buffer: Buffer): number => get32(buffer, 0);

export function big32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value | 0);
  return buffer;
}

export const text = (value: string): Buffer => Buffer.from(`${value}\0`);

/** Type and value. @throws RangeError a value may have 65,531 bytes */
export function attribute(type: number, ...parts: readonly Buffer[]): Buffer {
  const bytes = parts.reduce((sum, { length }) => sum + length, 4);
  if (bytes > 0xffff) throw new RangeError(`an attribute of ${bytes} bytes: at most 65535 fit`);
  const buffer = Buffer.alloc(aligned(bytes));
  put16(buffer, bytes, 0);
  put16(buffer, type, 2);
  let at = 4;
  for (const part of parts) at += part.copy(buffer, at);
  return buffer;
}

/** One whose value is attributes. */
export const nested = (type: number, ...attributes: readonly Buffer[]): Buffer => attribute(type | 0x8000, ...attributes);

export function message(type: number, flag: number, sequence: number, ...parts: readonly Buffer[]): Buffer {
  const bytes = parts.reduce((sum, { length }) => sum + length, headerBytes);
  const buffer = Buffer.alloc(bytes);
  put32(buffer, bytes, 0);
  put16(buffer, type, 4);
  put16(buffer, flag, 6);
  put32(buffer, sequence, 8);
  let at = headerBytes;
  for (const part of parts) at += part.copy(buffer, at);
  return buffer;
}

/** Those of one datagram. @throws TypeError when a length is impossible */
export function* messagesOf(datagram: Buffer): Generator<Message> {
  for (let at = 0; at + headerBytes <= datagram.length;) {
    const bytes = get32(datagram, at);
    if (bytes < headerBytes || at + bytes > datagram.length) throw new TypeError(`a message of ${bytes} bytes in a datagram with ${datagram.length - at}`);
    yield { type: get16(datagram, at + 4), sequence: get32(datagram, at + 8), isInterrupted: (get16(datagram, at + 6) & interrupted) !== 0, body: datagram.subarray(at + headerBytes, at + bytes) };
    at += aligned(bytes);
  }
}

/** Pairs of type and value, in their order. @throws TypeError when a length is impossible */
export function* attributesOf(buffer: Buffer): Generator<readonly [number, Buffer]> {
  for (let at = 0; at + 4 <= buffer.length;) {
    const bytes = get16(buffer, at);
    if (bytes < 4 || at + bytes > buffer.length) throw new TypeError(`an attribute of ${bytes} bytes in ${buffer.length - at}`);
    yield [get16(buffer, at + 2) & 0x3fff, buffer.subarray(at + 4, at + bytes)];
    at += aligned(bytes);
  }
}

/** The last of each type. */
export const attributesBy = (buffer: Buffer): ReadonlyMap<number, Buffer> => new Map(attributesOf(buffer));
export const readText = (buffer: Buffer | undefined): string => buffer?.toString('utf8', 0, buffer.length - 1) ?? '';

/** Of an answer of type `error`: 0 is success, else the negative number of the error. The kernel may say in words what it minds. */
export function readError(body: Buffer): { readonly code: number; readonly words: string } {
  const code = isLittle ? body.readInt32LE(0) : body.readInt32BE(0);
  // With the header of what was asked, and nothing else of it, in between (`NETLINK_CAP_ACK`).
  const words = body.length > 4 + headerBytes ? attributesBy(body.subarray(4 + headerBytes)).get(1) : undefined;
  return { code, words: readText(words) };
}
