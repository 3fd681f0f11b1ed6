import { open } from 'node:fs/promises';
import { RuntimeError } from '@oak/runtime';

/** ELF's numbers of machines, in OCI's spelling. 32-bit images boot on 64-bit machines: Unikraft's multiboot images are such. */
const architectures: Readonly<Record<number, string>> = { 3: 'amd64', 62: 'amd64', 40: 'arm', 183: 'arm64', 243: 'riscv64' };
const headerBytes = 20;

/** @throws RuntimeError invalid: no ELF file, or for another machine; `name` is for people */
export async function checkKernel(path: string, name: string, architecture: string): Promise<void> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
  const reason = faultOf(buffer.subarray(0, bytesRead), architecture);
  if (reason !== undefined) throw new RuntimeError('invalid', `kernel ${name}: ${reason}`);
}

/** Undefined: this begins a kernel for that architecture. */
export function faultOf(header: Buffer, architecture: string): string | undefined {
  if (header.length < headerBytes || header.readUInt32BE(0) !== 0x7f45_4c46) return 'it is no ELF file, so no unikernel';
  const machine = header[5] === 2 ? header.readUInt16BE(18) : header.readUInt16LE(18);
  const found = architectures[machine];
  if (found === architecture) return undefined;
  return `it is for ${found ?? `machine ${machine}`}, and this node is ${architecture}`;
}
