import { bytes4, bytes6, text6 } from './address-bytes.ts';
import { native32, readNative32 } from './message.ts';
import type { DataType } from './set-shapes.ts';

const nameBytes = 16;
const protocols: readonly (readonly [string, number])[] = [['tcp', 6], ['udp', 17]];

type Plain = Exclude<DataType, 'verdict'>;

/** How many bytes a part has; within a key of several each begins at a multiple of four. */
const sizes: Readonly<Record<Plain, number>> = { ipv4_addr: 4, ipv6_addr: 16, ether_addr: 6, ifname: nameBytes, inet_proto: 1, inet_service: 2, mark: 4, number: 4 };
const padded = (bytes: number): number => (bytes + 3) & ~3;

/** An operand as nft's grammar writes it (parts joined by ` . `) in the kernel's form. @throws TypeError it is none of these types */
export function encodeOperand(types: readonly DataType[], operand: string): Buffer {
  const [alone] = types;
  if (types.length === 1 && alone) return encodePart(alone as Plain, operand);
  const parts = operand.split(' . ');
  if (parts.length !== types.length) throw new TypeError(`${operand}: expected ${types.join(' . ')}`);
  const bytes = parts.map((part, i) => encodePart(types[i] as Plain, part));
  return Buffer.concat(bytes.map((part) => Buffer.concat([part, Buffer.alloc(padded(part.length) - part.length)])));
}

/** The inverse. */
export function decodeOperand(types: readonly DataType[], bytes: Buffer): string {
  const [alone] = types;
  if (types.length === 1 && alone) return decodePart(alone as Plain, bytes);
  let at = 0;
  return types.map((type) => {
    const size = sizes[type as Plain];
    const part = bytes.subarray(at, at + size);
    at += padded(size);
    return decodePart(type as Plain, part);
  }).join(' . ');
}

function encodePart(type: Plain, text: string): Buffer {
  switch (type) {
    case 'ipv4_addr': case 'ipv6_addr': return encodeAddress(type, text);
    case 'ether_addr': return Buffer.from(text.replaceAll(':', ''), 'hex');
    case 'ifname': return named(text.replaceAll('"', ''));
    case 'inet_proto': return Buffer.from([protocols.find(([name]) => name === text)?.[1] ?? Number(text)]);
    case 'inet_service': return Buffer.from([Number(text) >> 8, Number(text) & 0xff]);
    case 'mark': case 'number': return native32(Number(text));
  }
}

function decodePart(type: Plain, bytes: Buffer): string {
  switch (type) {
    case 'ipv4_addr': return bytes.join('.');
    case 'ipv6_addr': return text6(bytes);
    case 'ether_addr': return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1:');
    case 'ifname': return `"${bytes.toString('utf8').replace(/\0.*$/s, '')}"`;
    case 'inet_proto': return protocols.find(([, number]) => number === bytes[0])?.[0] ?? String(bytes[0]);
    case 'inet_service': return String(bytes.readUInt16BE());
    case 'mark': return `0x${readNative32(bytes).toString(16).padStart(8, '0')}`;
    case 'number': return String(readNative32(bytes));
  }
}

function encodeAddress(type: 'ipv4_addr' | 'ipv6_addr', text: string): Buffer {
  const bytes = type === 'ipv4_addr' ? bytes4(text) : bytes6(text);
  if (!bytes) throw new TypeError(`${text} is no ${type === 'ipv4_addr' ? 'IPv4' : 'IPv6'} address`);
  return bytes;
}

function named(text: string): Buffer {
  const buffer = Buffer.alloc(nameBytes);
  buffer.write(text);
  return buffer;
}
