import { readFileSync } from 'node:fs';
import { startEmbeddedServer } from '../embedded-server.ts';
import { TrustDomain } from '../trust-domain.ts';

/** An orchestrator reduced to its server: says which one it has, and lives until it is killed. Arguments: folder, port, file of the keys. */
const [dir, port, keysFile] = process.argv.slice(2);
if (!dir || !port || !keysFile) throw new Error('usage: parent.ts <folder> <port> <keys file>');
const domain = TrustDomain.open('c1', { once: () => readFileSync(keysFile, 'utf8') });
const { pid, adopted } = await startEmbeddedServer({ dir, name: 'c1', listen: { host: '127.0.0.1', port: Number(port) }, domain, env: process.env, log: () => undefined });
process.stdout.write(`${JSON.stringify({ pid, adopted })}\n`);
setInterval(() => undefined, 60_000);
