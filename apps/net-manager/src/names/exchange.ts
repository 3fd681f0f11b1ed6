import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';
import { framesOf, frameOf } from './frames.ts';
import { bits, headBytes } from './query.ts';

export interface Upstream { readonly address: string; readonly port: number }
/** A question to somebody else: one question, its id to be set anew for each try. */
export interface Outgoing { readonly packet: Buffer; readonly questionBytes: Buffer }
export type Transport = 'udp' | 'tcp';

/**
 * One question to one server: with a random id, from a socket of its own and so from a random port, heard from that server alone.
 * @throws Error it refused, or `signal` ended the wait
 */
export async function exchange(upstream: Upstream, { packet, questionBytes }: Outgoing, transport: Transport, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const sent = Buffer.from(packet);
  sent.writeUInt16BE(randomInt(65_536), 0);
  const fits = (answer: Buffer): boolean => isAnswer(answer, sent, questionBytes);
  return transport === 'udp' ? byUdp(upstream, sent, fits, signal) : byTcp(upstream, sent, fits, signal);
}

/** Whether these bytes answer that question. A server that did not understand it may leave the question out. */
function isAnswer(answer: Buffer, sent: Buffer, questionBytes: Buffer): boolean {
  if (answer.length < headBytes || answer.readUInt16BE(0) !== sent.readUInt16BE(0)) return false;
  const word = answer.readUInt16BE(2);
  if (!(word & bits.response) || word & bits.opcode) return false;
  const questions = answer.readUInt16BE(4);
  if (questions === 0) return (word & bits.rcode) !== 0;
  return questions === 1 && sameQuestion(answer.subarray(headBytes, headBytes + questionBytes.length), questionBytes);
}

/** Names are the same in any case; latin1 keeps every other byte as it is. */
function sameQuestion(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && a.toString('latin1').toLowerCase() === b.toString('latin1').toLowerCase();
}

function byUdp({ address, port }: Upstream, sent: Buffer, fits: (answer: Buffer) => boolean, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const ended = aborted(signal);
  const answered = new Promise<Buffer>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (answer) => { if (fits(answer)) resolve(answer); });
    socket.once('connect', () => { socket.send(sent, (error) => { if (error) reject(error); }); });
    socket.connect(port, address);
  });
  return Promise.race([answered, ended.promise]).finally(() => {
    ended.forget();
    socket.close();
  });
}

async function byTcp({ address, port }: Upstream, sent: Buffer, fits: (answer: Buffer) => boolean, signal: AbortSignal): Promise<Buffer> {
  const socket = createConnection({ host: address, port, signal });
  try {
    socket.write(frameOf(sent));
    for await (const answer of framesOf(socket)) if (fits(answer)) return answer;
    throw new Error(`${address} hung up`);
  } finally {
    socket.destroy();
  }
}

/** Rejects when the signal ends the wait. `forget` lets go of the signal. */
function aborted(signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => { reject(signal.reason as Error); };
  signal.addEventListener('abort', end);
  return { promise, forget: () => { signal.removeEventListener('abort', end); } };
}
