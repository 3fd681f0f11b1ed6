/** DNS by TCP: two bytes of length before each message. */
export function frameOf(message: Buffer): Buffer {
  const frame = Buffer.alloc(2 + message.length);
  frame.writeUInt16BE(message.length, 0);
  message.copy(frame, 2);
  return frame;
}

/** The messages of a stream; it ends where the stream does or where a message is longer than `most` bytes. */
export async function* framesOf(chunks: AsyncIterable<Buffer>, most = 65_535): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      yield rest.subarray(2, end);
      rest = rest.subarray(end);
    }
    if (rest.length >= 2 && rest.readUInt16BE(0) > most) return;
  }
}
