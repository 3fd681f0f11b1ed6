import { encode, type Packet, type Question } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, parseQuery, type ParsedQuery } from './query.ts';
import { question } from './testing/question.ts';

const options = (version: number): NonNullable<Packet['additionals']> => [{ type: 'OPT', name: '.', udpPayloadSize: 1400, extendedRcode: 0, ednsVersion: version, flags: 0x8000, flag_do: true, options: [] }];
const patched = (at: number, ...bytes: number[]): Buffer => {
  const packet = question('db.shop', 'A');
  packet.set(bytes, at);
  return packet;
};
const verdict = (parsed: ParsedQuery): string => (parsed.kind === 'refused' ? parsed.rcode : parsed.kind);

describe('a question', () => {
  it('is read with what its answer must repeat', () => {
    const flags = bits.recursionDesired | bits.checkingDisabled;
    const parsed = parseQuery(question('Db.Shop', 'AAAA', { id: 4711, flags: flags | 0x20, additionals: options(0) }));
    expect(parsed).toMatchObject({ kind: 'query', query: { id: 4711, flags, question: { name: 'Db.Shop', type: 'AAAA', class: 'IN' }, edns: { udpPayloadSize: 1400, dnssecOk: true } } });
  });

  it.each(['HTTPS', 'SVCB', 65, 64, 257, 65_280])('may be of the type %s, which has no name here', (type) => {
    const packet = question('db.shop', 'A');
    packet.writeUInt16BE(typeof type === 'number' ? type : { HTTPS: 65, SVCB: 64 }[type] ?? 0, packet.length - 4);
    expect(verdict(parseQuery(packet))).toBe('query');
  });

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'ignored'],
    ['less than a head', question('db.shop', 'A').subarray(0, 11), 'ignored'],
    ['an answer', patched(2, 0x80), 'ignored'],
    ['an update', patched(2, 0x28), 'NOTIMP'],
    ['no question', patched(4, 0, 0), 'FORMERR'],
    ['two questions', patched(4, 0, 2), 'FORMERR'],
    ['65535 questions', patched(4, 0xff, 0xff), 'FORMERR'],
    ['65535 answers', patched(6, 0xff, 0xff), 'FORMERR'],
    ['65535 additional records', patched(10, 0xff, 0xff), 'FORMERR'],
    ['an additional record that is not there', patched(11, 1), 'FORMERR'],
    ['a name that points at itself', patched(12, 0xc0, 12), 'FORMERR'],
    ['a name that points into the head', patched(12, 0xc0, 2), 'FORMERR'],
    ['a label beyond the end', patched(12, 63), 'FORMERR'],
    ['a label with a dot in it', patched(13, 0x2e), 'FORMERR'],
    ['a label that is no text', patched(13, 0xff), 'FORMERR'],
    ['a head alone', question('db.shop', 'A').subarray(0, 12), 'FORMERR'],
    ['two EDNS records', question('db.shop', 'A', { additionals: [...options(0), ...options(0)] }), 'FORMERR'],
    ['a later EDNS', question('db.shop', 'A', { additionals: options(1) }), 'BADVERS'],
    ['another class', encode({ questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] }), 'REFUSED'],
    ['a transfer of a zone', question('oak.internal', 'AXFR'), 'REFUSED'],
  ])('that is %s gets its due: %s', (_what, packet, expected) => {
    expect(verdict(parseQuery(packet))).toBe(expected);
  });

  it('may be any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(['query', 'refused', 'ignored']).toContain(parseQuery(Buffer.from(bytes)).kind);
    }), { numRuns: 2_000 });
  });

  it('may be a good one with some bytes changed, and what is read is what was sent', () => {
    const start = fc.record({ name: fc.domain(), type: fc.constantFrom<Question['type']>('A', 'AAAA', 'PTR', 'TXT', 'NAPTR'), edns: fc.boolean() });
    const changes = fc.array(fc.tuple(fc.nat(511), fc.nat(255)), { maxLength: 4 });
    fc.assert(fc.property(start, changes, fc.nat(300), ({ name, type, edns }, places, cut) => {
      const whole = question(name, type, edns ? { additionals: options(0) } : {});
      for (const [at, byte] of places) whole[at % whole.length] = byte;
      const packet = cut < 30 ? whole.subarray(0, whole.length - cut) : whole;
      const parsed = parseQuery(packet);
      if (parsed.kind === 'query') expect(packet.includes(parsed.query.questionBytes)).toBe(true);
    }), { numRuns: 2_000 });
  });
});
