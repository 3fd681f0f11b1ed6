import { WriteContentRequest } from '../gen/messages.ts';

const dataTag = 0x32; // field 6, length-delimited

/** The generated encoder copies a megabyte byte by byte; this one encodes the small fields and lays the bytes behind them. */
export function encodeWrite(request: WriteContentRequest): Buffer {
  const head = WriteContentRequest.encode({ ...request, data: Buffer.alloc(0) }).finish();
  if (request.data.length === 0) return Buffer.from(head);
  return Buffer.concat([head, Buffer.from([dataTag, ...varint(request.data.length)]), request.data]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
