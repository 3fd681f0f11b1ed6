import { NetError } from './net-error.ts';

/** The kernel's limit for a unix socket's path, minus the suffix that a server binds with. */
const maxBytes = 96;

/** @throws NetError invalid */
export function checkSocketPath(path: string): void {
  if (!path.startsWith('/')) throw new NetError('invalid', `socket path ${JSON.stringify(path)} must be absolute`);
  if (Buffer.byteLength(path) > maxBytes) throw new NetError('invalid', `socket path ${path} has ${Buffer.byteLength(path)} bytes, at most ${maxBytes} fit`);
}
