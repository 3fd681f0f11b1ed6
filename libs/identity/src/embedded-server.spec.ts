import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmbeddedServer, type EmbeddedServer } from './embedded-server.ts';
import { clusterPermissions } from './permissions.ts';
import { memoryKeys } from './testing/memory-keys.ts';
import { freePort, RawClient } from './testing/raw-client.ts';
import { TrustDomain, type KeyStore } from './trust-domain.ts';

let folder: string;
let port: number;
let keys: KeyStore;
let said: string[];
const undo: (() => Promise<void> | void)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oak-embedded-'));
  undo.push(() => { rmSync(folder, { recursive: true, force: true }); });
  port = await freePort();
  keys = memoryKeys();
  said = [];
});
afterEach(async () => { for (const each of undo.splice(0).reverse()) await each(); });

async function start(changed: { name?: string; port?: number } = {}): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({
    dir: join(folder, 'nats'), name: changed.name ?? 'c1', listen: { host: '127.0.0.1', port: changed.port ?? port },
    domain: TrustDomain.open('c1', keys), env: process.env, log: (text) => void said.push(text),
  });
  undo.push(() => server.stop());
  return server;
}

async function client(): Promise<RawClient> {
  const connected = await RawClient.connect(port, TrustDomain.open('c1', keys).issue('cluster.c1', clusterPermissions('c1')));
  undo.push(() => { connected.close(); });
  return connected;
}

/** A whole process that has the server, and says so. */
async function parent(): Promise<{ child: ChildProcess; pid: number; adopted: boolean }> {
  const keysFile = join(folder, 'keys.json');
  if (!existsSync(keysFile)) TrustDomain.open('c1', { once: (_name, make) => { const text = keys.once('trust-domain.json', make); writeFileSync(keysFile, text, { mode: 0o600 }); return text; } });
  const child = spawn(process.execPath, [new URL('testing/parent.ts', import.meta.url).pathname, join(folder, 'nats'), String(port), keysFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.push(() => kill(child));
  const [line] = await once(child.stdout, 'data') as [Buffer];
  return { child, ...JSON.parse(line.toString()) as { pid: number; adopted: boolean } };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('a server that is killed is started anew, until it is stopped', async () => {
  const server = await start();
  const first = server.pid;
  process.kill(first, 'SIGKILL');
  await expect.poll(() => server.pid, { timeout: 10_000 }).not.toBe(first);
  await (await client()).flush();
  expect(said).toContain(`nats-server ${first} has ended; it is started anew`);
  await server.stop();
  await expect(RawClient.connect(port, '')).rejects.toThrow('ECONNREFUSED');
});

test('its files are for its owner alone, and it lets our own in', async () => {
  const server = await start();
  expect(server).toMatchObject({ adopted: false, url: `nats://127.0.0.1:${port}` });
  await (await client()).flush();
  for (const name of readdirSync(join(folder, 'nats'))) expect([name, statSync(join(folder, 'nats', name)).mode & 0o077 & ~(name === 'jwt' ? 0o077 : 0)]).toEqual([name, 0]);
});

test('after kill -9 of its orchestrator the next one adopts it, and clients notice nothing', async () => {
  const first = await parent();
  undo.push(async () => { await (await start()).stop(); });
  const connected = await client();
  await kill(first.child);
  await connected.flush();
  const second = await parent();
  expect(second).toMatchObject({ pid: first.pid, adopted: true });
  await connected.flush();
  expect(connected.errors).toEqual([]);
});

test('with another configuration it is started anew', async () => {
  const first = await start();
  const second = await start({ name: 'renamed' });
  expect(second.adopted).toBe(false);
  expect(second.pid).not.toBe(first.pid);
  expect(said.some((line) => line.includes(`nats-server ${first.pid} has another configuration`))).toBe(true);
  expect(await start({ name: 'renamed' })).toMatchObject({ adopted: true, pid: second.pid });
});

test('stopped, it is gone; a pid that now is another process is not taken for it', async () => {
  const first = await start();
  await first.stop();
  expect(existsSync(`/proc/${first.pid}/fd/0`)).toBe(false);
  writeFileSync(join(folder, 'nats', 'nats.pid'), JSON.stringify({ pid: process.pid, startTime: '1', hash: 'x' }));
  expect((await start()).adopted).toBe(false);
});

test('a half-written pid file, as after a power cut, does not keep it from starting', async () => {
  await (await start()).stop();
  writeFileSync(join(folder, 'nats', 'nats.pid'), '{"pid": 12');
  expect((await start()).adopted).toBe(false);
});

test('a port that is taken by another program is named', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  undo.push(() => { other.close(); });
  await expect(start()).rejects.toThrow(`127.0.0.1:${port} is taken by another program`);
});
