import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { baseEnvironment, enter, onlyChild } from './host.ts';
import type { ProcessIdentity } from './process-identity.ts';

export const forwarder = 'forwarder';
const program = fileURLToPath(new URL('./forward-main.ts', import.meta.url));
export const forwardArgv = (target: number): string[] => [process.execPath, program, String(target)];

/**
 * Makes a port of a host reachable at 127.0.0.1 of this machine.
 * @param argv of `forwardArgv`
 * @param port on this machine; 0 takes a free one
 */
export async function startForward(init: ProcessIdentity, argv: readonly string[], port: number, log: number): Promise<{ process: ProcessIdentity; port: number }> {
  const server = await listen(port);
  try {
    const [command = '', ...args] = [...enter(init), ...argv];
    const child = spawn(command, args, { env: baseEnvironment(), stdio: ['ignore', log, log, 'ipc'], detached: true });
    const identity = await onlyChild(child);
    await handOver(child, server);
    child.unref();
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the forwarder listens on no port');
    return { process: identity, port: address.port };
  } finally {
    server.close();
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function handOver(child: ChildProcess, server: Server): Promise<void> {
  const serving = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the forwarder ended at once with ${code ?? 'a signal'}`)));
  });
  child.send('serve', server);
  await serving;
  child.disconnect();
}
