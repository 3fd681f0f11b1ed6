import type { ServiceRoute } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import { isIP } from 'node:net';
import type { Transport, Upstream } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { Listener } from './listener.ts';
import { parseQuery, type Query, type Rcode } from './query.ts';
import { reply, replyFor, replyToBroken, tcpBytesMost, truncated, udpLimit } from './reply.ts';
import { resolveName } from './resolve-name.ts';
import { canonical } from './reverse-names.ts';
import type { Caller } from './service-names.ts';

export interface NameServerOptions {
  /** Where to listen: addresses of this machine, which may change (see `refresh`). */
  readonly addresses: () => readonly string[];
  /** Default 53. 0 takes a free one (for one address only). */
  readonly port?: number;
  /** The instance of this node that has this address, by its application; undefined: somebody else, who is refused. */
  readonly caller: (ip: string) => Caller | undefined;
  /** The services that this node knows. A route that changes is a new object. */
  readonly routes: () => Iterable<ServiceRoute>;
  /** Who is asked for all other names: `address` or `address#port`. */
  readonly upstreams: () => readonly string[];
  readonly log: (text: string) => void;
  readonly clock: Clock;
  /** How long one upstream may take; default 2000. */
  readonly upstreamTimeoutMs?: number;
}

const exchangesMost = 256;
/** Of all callers, and of each: nobody may take it all. */
const waitingMost = 2_048;
const waitingOfOneMost = 128;
const toldMost = 64;

/** What became of questions: how many got each code, and how many packets got no answer. */
export type NameCounts = Readonly<Partial<Record<Counted, number>>>;
type Counted = Rcode | 'forwarded' | 'ignored';

/** Answers the names that this node's instances ask for, and has all others answered by the machine's own name servers. */
export class NameServer {
  readonly #options: NameServerOptions;
  readonly #forwarder: Forwarder;
  readonly #listeners = new Map<string, Listener>();
  readonly #waiting = new Map<string, number>();
  readonly #counts: Partial<Record<Counted, number>> = {};
  readonly #told = new Set<string>();
  #waitingOfAll = 0;
  /** Opening and closing, one after the other. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: NameServerOptions) {
    const { clock, upstreamTimeoutMs: timeoutMs = 2_000 } = options;
    this.#options = options;
    this.#forwarder = new Forwarder({ upstreams: () => this.#upstreams(), timeoutMs, most: exchangesMost, clock });
  }

  /** Listens on the addresses of this moment and on no others. Call it when they change. @throws AggregateError some cannot be listened on; the others are served, the next call tries again */
  refresh(): Promise<void> {
    return this.#change(() => this.#listenOn(new Set(this.#options.addresses())));
  }

  /** Resolves when nothing is open and no question is on its way. `refresh` begins anew. */
  stop(): Promise<void> {
    return this.#change(async () => {
      const closed = this.#listenOn(new Set());
      await this.#forwarder.stop();
      await closed;
    });
  }

  counts(): NameCounts {
    return { ...this.#counts };
  }

  /** Where it listens. */
  bound(): readonly { readonly address: string; readonly port: number }[] {
    return [...this.#listeners].map(([address, { port }]) => ({ address, port }));
  }

  #change(run: () => Promise<void>): Promise<void> {
    const change = this.#changes.then(run);
    this.#changes = change.catch(() => undefined);
    return change;
  }

  async #listenOn(wanted: ReadonlySet<string>): Promise<void> {
    await Promise.all([...this.#listeners].filter(([address]) => !wanted.has(address)).map(([address, listener]) => this.#close(address, listener)));
    const missing = [...wanted].filter((address) => !this.#listeners.has(address));
    const opened = await Promise.allSettled(missing.map((address) => this.#open(address)));
    const faults = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    if (faults.length > 0) throw new AggregateError(faults, faults.map(({ message }) => message).join('; '));
  }

  async #open(address: string): Promise<void> {
    const { port = 53, log, clock } = this.#options;
    const lost = (error: unknown): void => {
      log(`names: ${address} is not served any more: ${String(error)}`);
      const listener = this.#listeners.get(address);
      if (listener) void this.#close(address, listener);
    };
    this.#listeners.set(address, await Listener.open({ address, port, clock, answer: (packet, from, transport) => this.#answer(packet, from, transport), lost }));
  }

  async #close(address: string, listener: Listener): Promise<void> {
    this.#listeners.delete(address);
    await listener.close();
  }

  /** Undefined: this packet is not answered. Whatever goes wrong is our fault, and ends this question alone. */
  async #answer(packet: Buffer, from: string, transport: Transport): Promise<Buffer | undefined> {
    try {
      return await this.#answerTo(packet, from, transport);
    } catch (error) {
      this.#tell(`names: a question is not answered: ${String(error)}`);
      return this.#count('SERVFAIL', replyToBroken(packet, 'SERVFAIL'));
    }
  }

  async #answerTo(packet: Buffer, from: string, transport: Transport): Promise<Buffer | undefined> {
    const parsed = parseQuery(packet);
    if (parsed.kind === 'ignored') return this.#count('ignored', undefined);
    const caller = this.#options.caller(from);
    if (!caller) return this.#count('REFUSED', parsed.query ? reply(parsed.query, { rcode: 'REFUSED' }) : replyToBroken(packet, 'REFUSED'));
    if (parsed.kind === 'refused') return this.#count(parsed.rcode, parsed.query ? reply(parsed.query, { rcode: parsed.rcode }) : replyToBroken(packet, parsed.rcode));
    const { query } = parsed;
    const limit = transport === 'udp' ? udpLimit(query) : tcpBytesMost;
    const outcome = resolveName(query.question, caller, this.#options.routes());
    if (outcome.kind === 'elsewhere') return this.#forward(query, from, transport, limit);
    return this.#count(outcome.kind === 'known' ? 'NOERROR' : 'NXDOMAIN', replyFor(query, outcome, limit));
  }

  async #forward(query: Query, from: string, transport: Transport, limit: number): Promise<Buffer> {
    const answer = await this.#waitFor(from, () => this.#forwarder.ask(query, transport));
    if (!answer) return this.#count('SERVFAIL', reply(query, { rcode: 'SERVFAIL' }));
    return this.#count('forwarded', answer.length > limit ? truncated(query) : answer);
  }

  async #waitFor<T>(from: string, ask: () => Promise<T>): Promise<T | undefined> {
    const ofOne = this.#waiting.get(from) ?? 0;
    if (ofOne >= waitingOfOneMost || this.#waitingOfAll >= waitingMost) return undefined;
    this.#wait(from, 1);
    try {
      return await ask();
    } finally {
      this.#wait(from, -1);
    }
  }

  #wait(from: string, by: 1 | -1): void {
    const ofOne = (this.#waiting.get(from) ?? 0) + by;
    this.#waitingOfAll += by;
    if (ofOne > 0) this.#waiting.set(from, ofOne);
    else this.#waiting.delete(from);
  }

  #count<T>(what: Counted, answer: T): T {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
    return answer;
  }

  /** Without ourselves, who would ask in a circle, and without what is no address. */
  #upstreams(): Upstream[] {
    const own = new Set(this.bound().map(nameOf));
    return this.#options.upstreams().flatMap((text) => {
      const upstream = parseUpstream(text);
      if (!upstream) this.#tell(`names: ${text} is no name server: an address, or an address#port`);
      return upstream && !own.has(nameOf(upstream)) ? [upstream] : [];
    });
  }

  /** Once: anybody can make it happen again and again. */
  #tell(text: string): void {
    if (this.#told.has(text) || this.#told.size >= toldMost) return;
    this.#told.add(text);
    this.#options.log(text);
  }
}

/** `address` or `address#port`. */
function parseUpstream(text: string): Upstream | undefined {
  const [, address = '', port = '53'] = /^([^#]+)(?:#(\d{1,5}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(port) > 0 && Number(port) < 65_536 ? { address, port: Number(port) } : undefined;
}

const nameOf = ({ address, port }: Upstream): string => `${canonical(address) ?? address} ${port}`;
