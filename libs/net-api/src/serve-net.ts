import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { NetService as definition, type NetServer as Handlers, type NetStatus } from './gen/net.ts';
import { NetError, toStatus } from './net-error.ts';
import { parseAttachRequest, parseInstanceId, parseTraceRequest, printPort } from './parse.ts';
import { checkSocketPath } from './socket-path.ts';
import type { Attachment, NetService } from './types.ts';

/** Many times the largest request (64 ports and a name). */
const maxRequestBytes = 64 * 1024;
const graceMs = 5000;

export interface NetServing {
  /** Refuses new calls, lets the running ones finish (5 s at most), removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves on a unix socket that only its owner may use (0600). A socket that nobody answers on is taken over.
 * @throws NetError rejected when another process serves there, invalid when the path is too long
 */
export async function serveNet(socketPath: string, service: NetService): Promise<NetServing> {
  checkSocketPath(socketPath);
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o755 });
  if (await answers(socketPath)) throw new NetError('rejected', `another net-manager serves on ${socketPath}; stop it or set OAK_NET_SOCKET`);
  const watchers = new Set<() => void>();
  const server = new Server({ 'grpc.max_receive_message_length': maxRequestBytes });
  server.addService(definition, handlers(service, watchers));
  const inode = await bind(server, socketPath);
  return { close: () => close(server, socketPath, inode, watchers) };
}

function handlers(service: NetService, watchers: Set<() => void>): Handlers {
  return {
    attach: unary(async (request) => wireAttachment(await service.attach(parseAttachRequest(request)))),
    detach: unary(async ({ instanceId }) => { await service.detach(parseInstanceId(instanceId)); return {}; }),
    list: unary(async () => ({ attachments: (await service.list()).map(wireAttachment) })),
    status: unary(() => Promise.resolve(service.status())),
    trace: unary(async (request) => { const { ok, steps } = await service.trace(parseTraceRequest(request)); return { ok, steps: [...steps] }; }),
    counters: unary(async () => { const { services, instances, names } = await service.counters(); return { services: [...services], instances: [...instances], names: [...names] }; }),
    watch: (call: ServerWritableStream<unknown, NetStatus>) => watch(service, call, watchers),
  };
}

function unary<Q, R>(answer: (request: Q) => Promise<R>) {
  return (call: ServerUnaryCall<Q, R>, done: sendUnaryData<R>): void => {
    // The arrow also turns a throw before the first await into a rejection.
    (async () => answer(call.request))().then((reply) => done(null, reply), (error: unknown) => done(toStatus(error)));
  };
}

function watch(service: NetService, call: ServerWritableStream<unknown, NetStatus>, watchers: Set<() => void>): void {
  const stop = service.watch((status) => { call.write(status); });
  const end = () => { stop(); call.end(); };
  watchers.add(end);
  call.on('cancelled', () => { stop(); watchers.delete(end); });
  call.write(service.status());
}

function wireAttachment(attachment: Attachment) {
  const { nameservers, searchDomains, ports, network } = attachment;
  return { ...attachment, network, nameservers: [...nameservers], searchDomains: [...searchDomains], ports: ports.map(printPort) };
}

/** Binds beside and renames over: the path never exists with a wider mode, and a stale socket needs no removal. */
async function bind(server: Server, socketPath: string): Promise<number> {
  const beside = `${socketPath}.${process.pid}`;
  rmSync(beside, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${beside}`, ServerCredentials.createInsecure(), (error) => { if (error) reject(error); else resolve(); });
  });
  chmodSync(beside, 0o600);
  renameSync(beside, socketPath);
  return lstatSync(socketPath).ino;
}

async function close(server: Server, socketPath: string, inode: number, watchers: Set<() => void>): Promise<void> {
  for (const end of watchers) end();
  const force = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => { server.tryShutdown(() => resolve()); });
  clearTimeout(force);
  // A successor may have taken the path over meanwhile.
  if (lstatSync(socketPath, { throwIfNoEntry: false })?.ino === inode) rmSync(socketPath, { force: true });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const knock = connect(socketPath);
    knock.once('connect', () => { knock.destroy(); resolve(true); });
    knock.once('error', () => { knock.destroy(); resolve(false); });
  });
}
