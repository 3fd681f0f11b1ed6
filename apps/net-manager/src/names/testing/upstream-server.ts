import { decode, encode, type Packet, type Question } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { frameOf, framesOf } from '../frames.ts';

export interface Asked { readonly question: Question; readonly packet: ReturnType<typeof decode>; readonly transport: 'udp' | 'tcp'; readonly port: number }

export interface UpstreamServer {
  /** `address#port` */
  readonly name: string;
  readonly asked: readonly Asked[];
  stop(): Promise<void>;
}

/** What a server answers: parts of a packet, bytes as they are, or nothing. */
export type Answering = (asked: Asked) => Packet | Buffer | undefined | Promise<Packet | Buffer | undefined>;

/** A name server of a test's own, on loopback, by UDP and TCP. */
export async function startUpstream(answering: Answering): Promise<UpstreamServer> {
  const asked: Asked[] = [];
  const answer = async (bytes: Buffer, transport: Asked['transport'], port: number): Promise<Buffer | undefined> => {
    const packet = decode(bytes);
    const one = { packet, question: packet.questions?.[0] as Question, transport, port };
    asked.push(one);
    const content = await answering(one);
    return content instanceof Uint8Array || content === undefined ? content : encode({ ...packet, type: 'response', additionals: [], ...content });
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    void (async () => {
      for await (const bytes of framesOf(socket)) socket.end(frameOf((await answer(bytes, 'tcp', socket.remotePort ?? 0)) ?? Buffer.alloc(0)));
    })().catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  datagrams.on('message', (bytes, peer) => {
    void answer(bytes, 'udp', peer.port).then((content) => { if (content && !stopped) datagrams.send(content, peer.port, peer.address); });
  });
  let stopped = false;
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  const stop = async (): Promise<void> => {
    stopped = true;
    for (const socket of sockets) socket.destroy();
    await Promise.all([datagrams, server].map((part) => new Promise<void>((resolve) => { part.close(() => { resolve(); }); })));
  };
  return { name: `127.0.0.1#${port}`, asked, stop };
}
