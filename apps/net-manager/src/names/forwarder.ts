import type { Clock } from '@oak/reconcile';
import { encode, type Answer } from 'dns-packet';
import { exchange, type Outgoing, type Transport, type Upstream } from './exchange.ts';
import { bits, headBytes, rcodes, type Query } from './query.ts';
import { tcpBytesMost, udpLimit } from './reply.ts';

export interface ForwarderOptions {
  /** Whom to ask, in this order. */
  readonly upstreams: () => readonly Upstream[];
  /** How long to wait for each of them. */
  readonly timeoutMs: number;
  /** Exchanges at the same time; more are refused. */
  readonly most: number;
  readonly clock: Clock;
}

/** These answers say "not I": another server may know better. */
const notI: readonly number[] = [rcodes.FORMERR, rcodes.SERVFAIL, rcodes.NOTIMP, rcodes.REFUSED];

/** Asks the machine's name servers for what is not ours. The same question of several callers is asked once. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #running = new Map<string, Promise<Buffer | undefined>>();
  #ending = new AbortController();
  /** Who answered last is asked first: a dead server costs its timeout once. */
  #preferred: string | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** An answer in the words of the server, for this query and no larger than its transport carries; undefined: nobody answers, or too much is asked at once. */
  async ask(query: Query, transport: Transport): Promise<Buffer | undefined> {
    const outgoing = outgoingOf(query, transport);
    const key = `${transport} ${outgoing.packet.toString('latin1')}`;
    const running = this.#running.get(key) ?? this.#begin(key, outgoing, transport);
    const answer = await running;
    return answer && addressedTo(query, answer);
  }

  /** Ends all waits; resolves when they have ended. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('the name server stops'));
    await Promise.all(this.#running.values());
    this.#ending = new AbortController();
  }

  #begin(key: string, outgoing: Outgoing, transport: Transport): Promise<Buffer | undefined> {
    if (this.#running.size >= this.#options.most) return Promise.resolve(undefined);
    const running = this.#tryAll(outgoing, transport).finally(() => { this.#running.delete(key); });
    this.#running.set(key, running);
    return running;
  }

  async #tryAll(outgoing: Outgoing, transport: Transport): Promise<Buffer | undefined> {
    let worst: Buffer | undefined;
    for (const upstream of this.#inOrder()) {
      const answer = await this.#tryOne(upstream, outgoing, transport);
      if (answer && !notI.includes(answer.readUInt16BE(2) & bits.rcode)) {
        this.#preferred = nameOf(upstream);
        return answer;
      }
      worst ??= answer;
    }
    return worst;
  }

  /** Undefined: it did not answer, for whatever reason; the next one is asked. */
  async #tryOne(upstream: Upstream, outgoing: Outgoing, transport: Transport): Promise<Buffer | undefined> {
    const late = new AbortController();
    const cancel = this.#options.clock.after(this.#options.timeoutMs, () => { late.abort(new Error(`${upstream.address} does not answer`)); });
    try {
      return await exchange(upstream, outgoing, transport, AbortSignal.any([late.signal, this.#ending.signal]));
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  }

  #inOrder(): Upstream[] {
    const isPreferred = (upstream: Upstream): number => Number(nameOf(upstream) === this.#preferred);
    return this.#options.upstreams().toSorted((a, b) => isPreferred(b) - isPreferred(a));
  }
}

const nameOf = ({ address, port }: Upstream): string => `${address} ${port}`;

/** Our own question for the same: what a caller added to its own (cookies, its subnet) is between the two of us. */
function outgoingOf(query: Query, transport: Transport): Outgoing {
  const { question, questionBytes, flags, edns } = query;
  const size = transport === 'udp' ? udpLimit(query) : tcpBytesMost;
  const option: Answer[] = edns
    ? [{ type: 'OPT', name: '.', udpPayloadSize: size, extendedRcode: 0, ednsVersion: 0, flags: edns.dnssecOk ? 0x8000 : 0, flag_do: edns.dnssecOk, options: [] }]
    : [];
  return { packet: encode({ type: 'query', id: 0, flags: flags | bits.recursionDesired, questions: [question], additionals: option }), questionBytes };
}

/** The same answer with the id and the letters of this query. */
function addressedTo({ id, questionBytes }: Query, answer: Buffer): Buffer {
  const own = Buffer.from(answer);
  own.writeUInt16BE(id, 0);
  if (own.readUInt16BE(4) === 1) questionBytes.copy(own, headBytes);
  return own;
}
