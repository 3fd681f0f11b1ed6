/**
 * Source of a program that stands between two machines and gives the packets of their tunnel on a while later. `here` is its own address.
 * A virtual cable leaves checksums to whoever puts the packet on a true one, and nobody does: this program has to, for TCP by IPv4.
 */
export function slowLine(here: string, [one, other]: readonly [string, string], delayMs: number): string {
  return `
const { createSocket } = require('node:dgram');
const sum = (b) => { let s = 0; for (let i = 0; i < b.length; i += 2) s += (b[i] << 8) + (b[i + 1] ?? 0); while (s > 0xffff) s = (s & 0xffff) + (s >>> 16); return s; };
function sign(packet) {
  const ip = packet.subarray(22);
  if (ip[0] !== 0x45 || ip[9] !== 6) return packet;
  const tcp = ip.subarray(20, ip.readUInt16BE(2));
  tcp.writeUInt16BE(0, 16);
  const head = Buffer.concat([ip.subarray(12, 20), Buffer.from([0, 6, tcp.length >> 8, tcp.length & 255])]);
  tcp.writeUInt16BE(~sum(Buffer.concat([head, tcp])) & 0xffff, 16);
  return packet;
}
const socket = createSocket('udp4');
socket.on('message', (packet, { address }) => { setTimeout(() => { socket.send(sign(packet), 50103, address === '${one}' ? '${other}' : '${one}'); }, ${delayMs}); });
socket.bind(50103, '${here}', () => { console.log('up'); });`;
}
