import { encode, RECURSION_DESIRED, type Packet, type Question } from 'dns-packet';

/** The packet of a question. */
export function question(name: string, type: Question['type'], more: Packet = {}): Buffer {
  return encode({ type: 'query', id: 1, flags: RECURSION_DESIRED, questions: [{ name, type }], ...more });
}
