import { decode } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { bits, parseQuery, type Query } from './query.ts';
import { reply, replyFor, replyToBroken, tcpBytesMost, udpLimit } from './reply.ts';
import type { NameOutcome } from './resolve-name.ts';
import { question } from './testing/question.ts';

function queryOf(packet: Buffer): Query {
  const parsed = parseQuery(packet);
  if (parsed.kind !== 'query') throw new Error(`not a question: ${parsed.kind}`);
  return parsed.query;
}
const edns = (size: number): Query => queryOf(question('_instance.db.shop', 'A', { id: 8, additionals: [{ type: 'OPT', name: '.', udpPayloadSize: size, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] }));
const plain = queryOf(question('_instance.Db.shop', 'A', { id: 8 }));
const many = (count: number): Extract<NameOutcome, { kind: 'known' }> => ({ kind: 'known', records: Array.from({ length: count }, (_, at) => ({ type: 'A', content: `10.30.${at >> 8}.${at & 255}`, ttlSeconds: 1 })) });
const addresses = (packet: Buffer): unknown[] => (decode(packet).answers ?? []).map((answer) => ('data' in answer ? answer.data : undefined));

describe('an answer', () => {
  it('repeats the question and says that it is ours', () => {
    const { id, type, questions, flag_aa, flag_ra, flag_rd, flag_tc, additionals } = decode(replyFor(plain, many(1), 512));
    expect({ id, type, questions, flag_aa, flag_ra, flag_rd, flag_tc, additionals }).toEqual({
      id: 8, type: 'response', questions: [{ name: '_instance.Db.shop', type: 'A', class: 'IN' }], flag_aa: true, flag_ra: true, flag_rd: true, flag_tc: false, additionals: [],
    });
  });

  it.each<[string, NameOutcome & { kind: 'known' | 'unknown' }, number]>([['does not exist', { kind: 'unknown' }, 3], ['has nothing of that type', { kind: 'known', records: [] }, 0]])('about a name that %s tells how long that holds', (_what, outcome, rcode) => {
    const packet = replyFor(plain, outcome, 512);
    expect(packet.readUInt16BE(2) & bits.rcode).toBe(rcode);
    expect(decode(packet).authorities).toMatchObject([{ type: 'SOA', name: 'oak.internal', ttl: 2, data: { minimum: 2 } }]);
  });

  it.each([[1, 512], [512, 512], [900, 900], [1232, 1232], [65_535, 1232]])('to one who takes %d bytes by UDP has %d at most', (size, limit) => {
    expect(udpLimit(edns(size))).toBe(limit);
    for (const count of [1, 5, 10, 20, 40]) {
      const packet = replyFor(edns(size), many(count), limit);
      expect(packet.length).toBeLessThanOrEqual(limit);
      const { flag_tc, additionals } = decode(packet);
      expect(additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0 }]);
      expect(addresses(packet)).toHaveLength(flag_tc ? 0 : count);
    }
  });

  it('by TCP has as many records as fit, and begins at another one each time', () => {
    const packet = replyFor(plain, many(5_000), tcpBytesMost);
    expect(packet.length).toBeGreaterThan(60_000);
    expect(packet.length).toBeLessThanOrEqual(tcpBytesMost);
    expect(decode(packet).flag_tc).toBe(false);
    expect(addresses(packet)[0]).toBe('10.30.0.8');
    expect(addresses(replyFor({ ...plain, id: 9 }, many(4), 512))).toEqual(['10.30.0.1', '10.30.0.2', '10.30.0.3', '10.30.0.0']);
  });

  it('to an EDNS of later times has the code that needs EDNS itself', () => {
    const packet = reply(edns(1232), { rcode: 'BADVERS' });
    expect(packet.readUInt16BE(2) & bits.rcode).toBe(0);
    expect(decode(packet).additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
  });

  it('to what could not be read is a head with its id', () => {
    expect(replyToBroken(Buffer.from([1, 2, 0x79, 0x10, 9, 9, 9, 9, 9, 9, 9, 9, 9]), 'NOTIMP')).toEqual(Buffer.from([1, 2, 0xf9, 4, 0, 0, 0, 0, 0, 0, 0, 0]));
  });
});
