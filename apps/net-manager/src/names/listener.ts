import type { Clock } from '@oak/reconcile';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Transport } from './exchange.ts';
import { frameOf, framesOf } from './frames.ts';

export interface ListenerOptions {
  readonly address: string;
  /** 0: one that is free for both transports. */
  readonly port: number;
  readonly clock: Clock;
  /** Undefined: say nothing. It never rejects. */
  readonly answer: (packet: Buffer, from: string, transport: Transport) => Promise<Buffer | undefined>;
  /** The socket broke after it was open. */
  readonly lost: (error: unknown) => void;
}

const connectionsMost = 256;
const connectionsOfOneMost = 16;
/** A connection may not stay longer, whatever it does. */
const connectionMs = 20_000;
/** Questions are small; whoever sends more wants something else. */
const questionBytesMost = 4_096;

/** One address, by UDP and TCP. */
export class Listener {
  readonly port: number;
  readonly #options: ListenerOptions;
  readonly #datagrams: Datagrams;
  readonly #server: Server;
  readonly #connections = new Map<Socket, string>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  private constructor(options: ListenerOptions, datagrams: Datagrams, server: Server) {
    this.#options = options;
    this.#datagrams = datagrams;
    this.#server = server;
    this.port = datagrams.address().port;
    datagrams.on('message', (packet, { address, port }) => { this.#track(this.#answerDatagram(packet, address, port)); });
    server.on('connection', (socket) => { this.#admit(socket); });
    server.on('error', options.lost);
  }

  /** @throws Error naming the address: it is in use or not of this machine; nothing is open then */
  static async open(options: ListenerOptions): Promise<Listener> {
    const { address, port, lost } = options;
    const ipv6Only = isIPv6(address);
    const datagrams = createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only });
    try {
      datagrams.bind({ address, port, exclusive: true });
      await once(datagrams, 'listening');
      datagrams.on('error', lost);
      // A caller may close its half when it has asked, and still wants the answer.
      const server = createServer({ noDelay: true, allowHalfOpen: true });
      server.maxConnections = connectionsMost;
      server.listen({ host: address, port: datagrams.address().port, ipv6Only });
      await once(server, 'listening');
      return new Listener(options, datagrams, server);
    } catch (error) {
      datagrams.close();
      throw new Error(`names cannot be served on ${address} port ${port}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** Resolves when everything is closed and every answer that was on its way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = [this.#datagrams, this.#server].map((part) => new Promise<void>((resolve) => { part.close(() => { resolve(); }); }));
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all(closed);
    await Promise.all(this.#running);
  }

  #track(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => { this.#running.delete(running); });
  }

  async #answerDatagram(packet: Buffer, from: string, port: number): Promise<void> {
    const answer = await this.#options.answer(packet, peerOf(from), 'udp');
    // Who asked may be gone, and so may we: then there is nobody to tell.
    if (answer && !this.#closed) this.#datagrams.send(answer, port, from, () => undefined);
  }

  #admit(socket: Socket): void {
    // A reset may come while nobody reads, and would end the process: `close` follows it.
    socket.on('error', () => undefined);
    const from = peerOf(socket.remoteAddress ?? '');
    const ofOne = [...this.#connections.values()].filter((peer) => peer === from).length;
    if (ofOne >= connectionsOfOneMost) {
      socket.destroy();
      return;
    }
    this.#connections.set(socket, from);
    const cancel = this.#options.clock.after(connectionMs, () => { socket.destroy(); });
    const gone = new AbortController();
    socket.once('close', () => {
      cancel();
      gone.abort();
      this.#connections.delete(socket);
    });
    this.#track(this.#converse(socket, from, gone.signal));
  }

  /** One question after the other, as they come. */
  async #converse(socket: Socket, from: string, gone: AbortSignal): Promise<void> {
    try {
      for await (const packet of framesOf(socket.iterator({ destroyOnReturn: false }), questionBytesMost)) {
        const answer = await this.#options.answer(packet, from, 'tcp');
        if (!answer) break;
        if (!socket.write(frameOf(answer))) await once(socket, 'drain', { signal: gone });
      }
    } catch {
      // The connection broke: who asked is gone.
    }
    socket.destroySoon();
  }
}

/** Without the link that a link-local address is on. */
const peerOf = (address: string): string => address.replace(/%.*$/, '');
