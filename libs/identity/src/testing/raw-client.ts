import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { nkeyOf } from '../nkey.ts';

export interface RawMessage { readonly subject: string; readonly reply: string; readonly text: string }

/**
 * A NATS client that says exactly what it is told to, forbidden things too: the proof does not lean on the good manners of a client library.
 * Protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
export class RawClient {
  readonly heard: RawMessage[] = [];
  readonly errors: string[] = [];
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #pongs: (() => void)[] = [];
  #sid = 0;

  /** @throws Error with the server's words when it does not let us in */
  static async connect(port: number, creds: string): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const [first] = await once(socket, 'data') as [Buffer];
    const { nonce } = JSON.parse(first.toString().slice('INFO '.length).split('\r\n')[0] ?? '') as { nonce: string };
    const client = new RawClient(socket);
    socket.write(`CONNECT ${JSON.stringify({ ...signed(creds, nonce), verbose: false, headers: true, no_responders: true, protocol: 1, lang: 'raw', version: '1' })}\r\n`);
    await client.flush();
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => { this.#take(bytes); });
    socket.on('error', (error) => { this.errors.push(error.message); });
    socket.on('close', () => { for (const pong of this.#pongs.splice(0)) pong(); });
  }

  /** All that was sent is carried out, and what it caused has been heard. @throws Error when the connection is gone */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#pongs.push(resolve);
      this.#socket.write('PING\r\n');
    });
    if (this.#socket.destroyed || this.#socket.readableEnded) throw new Error(this.errors.join('; ') || 'the server closed the connection');
  }

  subscribe(subject: string): void {
    this.#socket.write(`SUB ${subject} ${++this.#sid}\r\n`);
  }

  publish(subject: string, payload: string | Buffer, reply = ''): void {
    this.#socket.write(`PUB ${subject} ${reply}${reply && ' '}${Buffer.byteLength(payload)}\r\n`);
    this.#socket.write(payload);
    this.#socket.write('\r\n');
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
      const [verb = '', ...rest] = this.#buffer.subarray(0, end).toString().split(' ');
      const size = verb === 'MSG' || verb === 'HMSG' ? Number(rest.at(-1)) + 2 : 0;
      if (this.#buffer.length < end + 2 + size) return;
      const body = this.#buffer.subarray(end + 2, end + 2 + size - 2).toString();
      this.#buffer = this.#buffer.subarray(end + 2 + size);
      this.#obey(verb, rest, body);
    }
  }

  #obey(verb: string, rest: string[], text: string): void {
    if (verb === 'PING') this.#socket.write('PONG\r\n');
    if (verb === 'PONG') this.#pongs.shift()?.();
    if (verb === '-ERR') this.errors.push(rest.join(' '));
    if (verb === 'MSG') this.heard.push({ subject: rest[0] ?? '', reply: rest.length > 3 ? rest[2] ?? '' : '', text });
  }
}

export function signed(creds: string, nonce: string): { jwt: string; sig: string } {
  const jwt = /BEGIN NATS USER JWT-+\n(\S+)/.exec(creds)?.[1] ?? '';
  const seed = /BEGIN USER NKEY SEED-+\n(\S+)/.exec(creds)?.[1] ?? '';
  return { jwt, sig: nkeyOf('user', seed).sign(Buffer.from(nonce)).toString('base64url') };
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
