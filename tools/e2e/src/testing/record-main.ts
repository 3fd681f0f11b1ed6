import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { RawClient } from '@oak/identity/testing';

/** Arguments: port, file of the credentials, subject, socket. Listens until somebody says something on the socket, tells there what it heard, and ends. */
const [port, credsFile = '', subject = '', socket = ''] = process.argv.slice(2);
const client = await RawClient.connect(Number(port), readFileSync(credsFile, 'utf8'));
client.subscribe(subject);
await client.flush();
const server = createServer((peer) => {
  peer.once('data', () => {
    peer.end(JSON.stringify(client.heard.map(({ subject: at, text }) => ({ subject: at, text }))));
    client.close();
    server.close(() => { rmSync(socket, { force: true }); });
  });
});
server.listen(socket);
