import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WriteAction, WriteContentRequest } from '../gen/messages.ts';
import { encodeWrite } from './encode-write.ts';

test('any write decodes to itself', () => {
  const requests = fc.record({
    action: fc.constantFrom(WriteAction.STAT, WriteAction.WRITE, WriteAction.COMMIT),
    ref: fc.string(), total: fc.maxSafeNat().map(BigInt), expected: fc.string(), offset: fc.maxSafeNat().map(BigInt),
    data: fc.uint8Array({ maxLength: 70_000 }).map((bytes) => Buffer.from(bytes)),
    labels: fc.dictionary(fc.string(), fc.string()),
  });
  fc.assert(fc.property(requests, (request) => {
    expect(WriteContentRequest.decode(encodeWrite(request))).toEqual(WriteContentRequest.fromPartial(request));
  }));
});
