// Stands in for each of the four apps in the lab's own tests: keeps their contract (environment, credentials, readiness) and speaks HTTP where they speak
// NATS. Each tells the tier above it who is there; root answers /api/nodes with what it has heard, so an answer proves that every address fits.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const app = basename(dirname(dirname(process.argv[1] ?? '')));
const [command, ...whom] = process.argv.slice(2);
const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${app}: ${name} is not set`);
  return value;
};
const address = (text: string): [number, string] => [Number(text.split(':')[1]), text.split(':')[0] ?? ''];
const serve = (listen: string, listener: RequestListener) => createServer(listener).listen(...address(listen));
const tell = async (base: string, name: string): Promise<void> => {
  while (!(await fetch(`http://${base}/${name}`, { method: 'POST' }).then((response) => response.ok, () => false))) await pause(20);
};
const state = (): string => {
  mkdirSync(setting('OAK_STATE_DIR'), { recursive: true });
  return setting('OAK_STATE_DIR');
};
const credentialsOf = (file: string, expected: string): void => {
  const said = readFileSync(setting(file), 'utf8').trim();
  if (said !== expected) throw new Error(`${app}: credentials are ${said}, not ${expected}`);
};

function root(): void {
  const nodes: { name: string }[] = [];
  writeFileSync(join(state(), 'admin-credentials.json'), JSON.stringify({ username: 'admin', password: 'sesame' }));
  serve(setting('OAK_LEAF_LISTEN'), (request, response) => {
    nodes.push({ name: (request.url ?? '').slice(1) });
    response.end();
  });
  serve(setting('OAK_HTTP_LISTEN'), (request, response) => {
    const bodies: Record<string, unknown> = { '/readyz': {}, '/api/auth/login': { token: 'open' }, '/api/nodes?limit=500': { nodes } };
    response.end(JSON.stringify(bodies[request.url ?? '']));
  });
}

function cluster(): void {
  credentialsOf('OAK_ROOT_CREDENTIALS', `credentials cluster ${setting('OAK_CLUSTER_NAME')}`);
  const above = setting('OAK_ROOT_LEAF_URL').replace('nats-leaf://', '');
  serve(setting('OAK_BUS_LISTEN'), (request, response) => void tell(above, (request.url ?? '').slice(1)).then(() => response.end()));
  serve(setting('OAK_HTTP_LISTEN'), (_request, response) => response.end());
}

async function nodeEngine(): Promise<void> {
  credentialsOf('OAK_CLUSTER_CREDENTIALS', `credentials node ${hostname()}`);
  for (const file of ['OAK_NODE_CONFIG', 'OAK_CONTAINERD_CONFIG']) readFileSync(setting(file));
  await tell(setting('OAK_CLUSTER_BUS').replace('nats://', ''), hostname());
  createServer().listen(join(state(), 'alive.sock'));
}

if (command === 'credentials') console.log(['credentials', ...whom].join(' '));
else if (app === 'root-orchestrator') root();
else if (app === 'cluster-orchestrator') cluster();
else if (app === 'net-manager') createServer().listen(setting('OAK_NET_SOCKET'));
else await nodeEngine();
