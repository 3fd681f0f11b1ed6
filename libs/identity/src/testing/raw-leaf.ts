import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { signed } from './raw-client.ts';

/** A leaf server that obeys nobody: with valid credentials of one cluster it says on the link whatever it is told to. */
export class RawLeaf {
  readonly #socket: Socket;
  #received = '';

  static async connect(port: number, creds: string): Promise<RawLeaf> {
    const socket = connect(port, '127.0.0.1');
    const [first] = await once(socket, 'data') as [Buffer];
    const { nonce } = JSON.parse(first.toString().slice('INFO '.length).split('\r\n')[0] ?? '') as { nonce: string };
    const leaf = new RawLeaf(socket);
    leaf.say(`CONNECT ${JSON.stringify({ ...signed(creds, nonce), server_id: 'NHOSTILE', name: 'hostile', cluster: 'hostile', domain: '', headers: true })}`, 'PING');
    await leaf.settled();
    return leaf;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => { this.#received += bytes.toString(); });
    socket.on('error', () => undefined);
  }

  get received(): string {
    return this.#received;
  }

  say(...lines: string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** The hub has thrown us out. */
  get expelled(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  /** The hub has taken in all that was said, or has thrown us out for it. */
  async settled(): Promise<void> {
    const pongs = (): number => this.#received.split('PONG').length;
    const before = pongs();
    this.say('PING');
    for (let tries = 0; tries < 1000 && pongs() === before && !this.expelled; tries++) await sleep(5);
    if (pongs() === before && !this.expelled) throw new Error(`the hub does not answer: ${this.#received.slice(-200)}`);
  }

  close(): void {
    this.#socket.destroy();
  }
}
