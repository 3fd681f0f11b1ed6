import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The address of this machine where other nodes reach it, unless a translator is between: the one from which packets to the cluster leave.
 * With the cluster on this very machine it is that of the default route. Undefined: there is none yet, e.g. the network is not up.
 */
export async function ownAddress(busUrl: string): Promise<string | undefined> {
  const { hostname, port } = new URL(withScheme(busUrl.split(',')[0] ?? ''));
  const source = await sourceAddress(hostname.replace(/^\[|\]$/g, ''), Number(port || 4222));
  return source !== undefined && isLoopback(source) ? addressOf(defaultLink()) : source;
}

/** NATS takes `host:port` as well. */
function withScheme(url: string): string {
  return url.includes('://') ? url : `nats://${url}`;
}

function sourceAddress(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (address: string | undefined): void => { socket.close(); resolve(address); };
    socket.once('error', () => { done(undefined); });
    // Connecting a datagram socket sends nothing; the kernel only chooses the way.
    socket.once('connect', () => { done(socket.address().address); });
    socket.connect(port, host);
  });
}

/** Name of the link of IPv4's default route: columns are link, destination, gateway, ... */
function defaultLink(): string | undefined {
  const routes = readFileSync('/proc/net/route', 'utf8').split('\n').slice(1).map((line) => line.split('\t'));
  return routes.find(([, destination]) => destination === '00000000')?.[0];
}

function addressOf(link: string | undefined): string | undefined {
  const addresses = link === undefined ? [] : (networkInterfaces()[link] ?? []);
  return (addresses.find(({ family }) => family === 'IPv4') ?? addresses.find(({ address }) => !/^fe80:/i.test(address)))?.address;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
