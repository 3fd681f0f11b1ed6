import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/**
 * The address of this machine where other nodes reach it, unless a translator is between: the one from which packets to the cluster leave.
 * With the cluster on this very machine it is the first address that others could reach. Undefined: there is none.
 */
export async function ownAddress(busUrl: string): Promise<string | undefined> {
  const towards = await sourceAddress(busUrl);
  return towards === undefined || isLoopback(towards) ? firstOutward() : towards;
}

function sourceAddress(busUrl: string): Promise<string | undefined> {
  const { hostname, port } = new URL(busUrl.split(',')[0] ?? '');
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (address: string | undefined): void => { socket.close(); resolve(address); };
    socket.once('error', () => { done(undefined); });
    // Connecting a datagram socket sends nothing; the kernel only chooses the way.
    socket.once('connect', () => { done(socket.address().address); });
    socket.connect(Number(port || 4222), host);
  });
}

function firstOutward(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).filter(({ internal }) => !internal);
  const outward = all.find(({ family }) => family === 'IPv4') ?? all.find(({ address }) => !/^fe80:/i.test(address));
  return outward?.address;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
