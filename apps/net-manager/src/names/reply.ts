import { encode, type Answer, type SoaAnswer } from 'dns-packet';
import type { NameOutcome, NameRecord } from './resolve-name.ts';
import { bits, headBytes, rcodes, type Query, type Rcode } from './query.ts';
import { ttlSeconds, zone } from './zone.ts';

/** Largest datagram that we send: what passes everywhere in one piece. */
export const udpBytesMost = 1232;
const udpBytesLeast = 512;
export const tcpBytesMost = 65_535;

/** How large an answer by UDP may be for who asked. */
export function udpLimit({ edns }: Query): number {
  return edns ? Math.min(Math.max(edns.udpPayloadSize, udpBytesLeast), udpBytesMost) : udpBytesLeast;
}

interface Content { readonly rcode: Rcode; readonly answers?: Answer[]; readonly authorities?: Answer[]; readonly flags?: number }

/** The bytes of an answer to this question. */
export function reply(query: Query, { rcode, answers = [], authorities = [], flags = 0 }: Content): Buffer {
  const code = rcodes[rcode];
  const option: Answer[] = query.edns
    ? [{ type: 'OPT', name: '.', udpPayloadSize: udpBytesMost, extendedRcode: code >> 4, ednsVersion: 0, flags: query.edns.dnssecOk ? 0x8000 : 0, flag_do: query.edns.dnssecOk, options: [] }]
    : [];
  return encode({
    type: 'response', id: query.id, flags: query.flags | bits.recursionAvailable | flags | (code & bits.rcode), questions: [query.question], answers, authorities, additionals: option,
  });
}

/** The head alone, for a packet whose question could not be read. */
export function replyToBroken(packet: Buffer, rcode: Rcode): Buffer {
  const head = Buffer.alloc(headBytes);
  packet.copy(head, 0, 0, 4);
  head.writeUInt16BE((packet.readUInt16BE(2) & (bits.opcode | bits.recursionDesired)) | bits.response | (rcodes[rcode] & bits.rcode), 2);
  return head;
}

/** "Ask again by TCP". */
export function truncated(query: Query): Buffer {
  return reply(query, { rcode: 'NOERROR', flags: bits.truncated });
}

const soa: SoaAnswer = {
  type: 'SOA', name: zone, ttl: ttlSeconds.nothing,
  data: { mname: `ns.${zone}`, rname: `hostmaster.${zone}`, serial: 1, refresh: 3600, retry: 600, expire: 86_400, minimum: ttlSeconds.nothing },
};

/**
 * What we say of a name that is ours.
 * @param limit bytes at most. By UDP what does not fit is asked again by TCP; by TCP the records that do not fit are left out, which only a service with hundreds of instances meets.
 * Many records begin at another one each time, since callers tend to take the first.
 */
export function replyFor(query: Query, outcome: Exclude<NameOutcome, { kind: 'elsewhere' }>, limit: number): Buffer {
  const records = outcome.kind === 'known' ? turned(outcome.records, query.id) : [];
  const rcode = outcome.kind === 'known' ? 'NOERROR' : 'NXDOMAIN';
  const write = (count: number): Buffer => reply(query, {
    rcode, flags: bits.authoritative, answers: records.slice(0, count).map((record) => answerOf(query, record)), authorities: records.length === 0 ? [soa] : [],
  });
  const whole = write(records.length);
  if (whole.length <= limit) return whole;
  if (limit < tcpBytesMost) return truncated(query);
  const empty = write(0).length;
  return write(Math.floor((limit - empty) / Math.ceil((whole.length - empty) / records.length)));
}

function turned<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length > 0 ? by % list.length : 0;
  return [...list.slice(start), ...list.slice(0, start)];
}

function answerOf({ question: { name } }: Query, { type, content, ttlSeconds: ttl }: NameRecord): Answer {
  return type === 'SOA' ? { ...soa, name, ttl } : { type, name, ttl, data: content };
}
