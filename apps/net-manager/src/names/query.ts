import { decode, encode, type Question } from 'dns-packet';

/** Codes of answers (RFC 1035, RFC 6891). */
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = keyof typeof rcodes;

/** Bits of the second word of a packet. */
export const bits = { response: 0x8000, opcode: 0x7800, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080, checkingDisabled: 0x0010, rcode: 0x000f } as const;
export const headBytes = 12;

/** A question as we take it: exactly one, of the class IN. */
export interface Query {
  readonly id: number;
  /** What the answer repeats: `recursionDesired` and `checkingDisabled`. */
  readonly flags: number;
  readonly question: Question;
  /** The question as it was sent, name, type and class. */
  readonly questionBytes: Buffer;
  readonly edns?: { readonly udpPayloadSize: number; readonly dnssecOk: boolean };
}

export type ParsedQuery =
  | { readonly kind: 'query'; readonly query: Query }
  /** Understood enough to say why not. `query` where the question was. */
  | { readonly kind: 'refused'; readonly rcode: Rcode; readonly query?: Query }
  /** No question at all: an answer to it could feed a loop. */
  | { readonly kind: 'ignored' };

const refused = (rcode: Rcode, query?: Query): ParsedQuery => ({ kind: 'refused', rcode, ...(query && { query }) });
/** EDNS and a signature at most. */
const additionalsMost = 2;
const transfers: readonly string[] = ['AXFR', 'IXFR'];

/** Reads a packet of anybody. The counts are checked before anything is read by them. */
export function parseQuery(packet: Buffer): ParsedQuery {
  if (packet.length < headBytes || packet.readUInt16BE(2) & bits.response) return { kind: 'ignored' };
  if (packet.readUInt16BE(2) & bits.opcode) return refused('NOTIMP');
  const [questions, answers, authorities, additionals = 0] = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additionals > additionalsMost) return refused('FORMERR');
  try {
    return read(packet);
  } catch {
    return refused('FORMERR');
  }
}

/** @throws Error a part is broken */
function read(packet: Buffer): ParsedQuery {
  const { id = 0, questions: [question] = [], additionals = [] } = decode(packet);
  if (!question) return refused('FORMERR');
  const options = additionals.filter((record) => record.type === 'OPT');
  const questionBytes = encode({ questions: [question] }).subarray(headBytes);
  // A name that is not the same when it is written again has bytes that no text can hold, dots inside of labels, or pointers.
  if (options.length > 1 || !packet.subarray(headBytes, headBytes + questionBytes.length).equals(questionBytes)) return refused('FORMERR');
  const [option] = options;
  const edns = option && { udpPayloadSize: option.udpPayloadSize, dnssecOk: option.flag_do };
  const flags = packet.readUInt16BE(2) & (bits.recursionDesired | bits.checkingDisabled);
  const query: Query = { id, flags, question, questionBytes, ...(edns && { edns }) };
  if (option && option.ednsVersion !== 0) return refused('BADVERS', query);
  if (question.class !== 'IN' || transfers.includes(question.type)) return refused('REFUSED', query);
  return { kind: 'query', query };
}
