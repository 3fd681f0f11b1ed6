import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedServer } from './embedded-server.ts';
import { clusterPermissions, uplinkPermissions } from './permissions.ts';
import { memoryKeys } from './testing/memory-keys.ts';
import { freePort, RawClient } from './testing/raw-client.ts';
import { TrustDomain } from './trust-domain.ts';

const undo: (() => Promise<void> | void)[] = [];
const rootDomain = TrustDomain.open('root', memoryKeys());
let folder: string;
let hubPort: number;
let leafPort: number;
let certFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oak-tls-'));
  undo.push(() => { rmSync(folder, { recursive: true, force: true }); });
  certFile = join(folder, 'hub.pem');
  const keyFile = join(folder, 'hub.key');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=hub', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  hubPort = await freePort();
  leafPort = await freePort();
  const hub = await startEmbeddedServer({
    dir: join(folder, 'hub'), name: 'root', listen: { host: '127.0.0.1', port: hubPort }, leafListen: { host: '127.0.0.1', port: leafPort },
    domain: rootDomain, tls: { certFile, keyFile }, env: process.env, log: () => undefined,
  });
  undo.push(() => hub.stop());
  expect(hub.url).toBe(`tls://127.0.0.1:${hubPort}`);
}, 30_000);
afterAll(async () => { for (const each of undo.reverse()) await each(); });

/** The server greets in the clear and then expects the handshake. @throws when the certificate is not trusted */
async function handshake(ca?: string): Promise<string | null> {
  const socket = connectPlain(hubPort, '127.0.0.1');
  await once(socket, 'data');
  const secure = connectTls({ socket, servername: 'localhost', ...(ca === undefined ? {} : { ca }) });
  try {
    await once(secure, 'secureConnect');
    return secure.getProtocol();
  } finally {
    secure.destroy();
    socket.destroy();
  }
}

test('a client that trusts the certificate gets an encrypted connection, another does not', async () => {
  expect(await handshake(readFileSync(certFile, 'utf8'))).toMatch(/^TLSv1\.[23]$/);
  await expect(handshake()).rejects.toThrow(/self-signed/);
});

test('a client in the clear is refused, with good credentials too', async () => {
  await expect(RawClient.connect(hubPort, rootDomain.issue('cluster.c1', clusterPermissions('c1')))).rejects.toThrow();
});

/** Starts a cluster's server and waits for a line in the log of one of the two. */
async function linkSays(caFile: string | undefined, who: 'hub' | 'leaf', line: RegExp): Promise<void> {
  const dir = mkdtempSync(join(folder, 'leaf-'));
  const credentialsFile = join(dir, 'uplink.creds');
  writeFileSync(credentialsFile, rootDomain.issue('uplink.c1', uplinkPermissions('c1')), { mode: 0o600 });
  const leaf = await startEmbeddedServer({
    dir, name: 'c1', listen: { host: '127.0.0.1', port: await freePort() }, domain: TrustDomain.open('c1', memoryKeys()), env: process.env, log: () => undefined,
    remote: { url: `tls://localhost:${leafPort}`, credentialsFile, ...(caFile === undefined ? {} : { caFile }) },
  });
  try {
    await expect.poll(() => readFileSync(join(who === 'hub' ? join(folder, 'hub') : dir, 'nats.log'), 'utf8'), { timeout: 10_000 }).toMatch(line);
  } finally {
    await leaf.stop();
  }
}

test('a leaf link is encrypted, and made only to a hub whose certificate its cluster knows', async () => {
  await linkSays(undefined, 'leaf', /TLS leafnode handshake error: tls: failed to verify certificate/);
  // What the hub says of a link once its handshake and its credentials are good.
  const admitted = /lid:\d+ - JetStream using domains/;
  expect(readFileSync(join(folder, 'hub', 'nats.log'), 'utf8')).not.toMatch(admitted);
  await linkSays(certFile, 'hub', admitted);
});
