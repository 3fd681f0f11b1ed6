import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameOf, framesOf } from './frames.ts';
import { collect } from './testing/collect.ts';

/** The same bytes in pieces of these sizes. */
async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer, void> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

it('messages come out as they went in, however the stream is cut', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), { maxLength: 6 });
  await fc.assert(fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }), async (sent, sizes) => {
    expect(await collect(framesOf(inPieces(Buffer.concat(sent.map(frameOf)), sizes)))).toEqual(sent);
  }));
});

it('a message that is too long ends the stream before it is there', async () => {
  const bytes = Buffer.concat([frameOf(Buffer.from('good')), Buffer.from([0x10, 0x01]), Buffer.alloc(10_000)]);
  let taken = 0;
  const chunks = async function* (): AsyncGenerator<Buffer, void> {
    for await (const piece of inPieces(bytes, [100])) {
      taken += piece.length;
      yield piece;
    }
  };
  expect(await collect(framesOf(chunks(), 4_096))).toEqual([Buffer.from('good')]);
  expect(taken).toBe(100);
});
