// Runs inside a host, but on a listening socket of this machine that its parent hands over: a socket stays in the network where it was made. So the REST
// of root can be reached from a browser on this machine without a single link, address or firewall rule outside the lab.
import { connect, type Server, type Socket } from 'node:net';

const port = Number(process.argv[2]);

function serve(client: Socket): void {
  const server = connect(port, '127.0.0.1');
  client.pipe(server).pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
}

process.once('message', (_message, listening) => {
  (listening as Server).on('connection', serve);
  process.send?.('serving');
});
