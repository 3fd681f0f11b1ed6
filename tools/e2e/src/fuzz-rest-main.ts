import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** `fuzz-rest-main.ts [ARGUMENT...]`: a root of its own, and Schemathesis against the description of its REST interface. No answer may be an error of the server. Arguments go to Schemathesis. */
const program = fileURLToPath(new URL('../../../apps/root-orchestrator/dist/main.js', import.meta.url));
const startMs = 20_000;
const stopMs = 10_000;
const tokenSchema = z.object({ token: z.string() });
const applicationsSchema = z.tuple([z.object({ applicationID: z.string(), microservices: z.tuple([z.string()]) })]);
const credentialsSchema = z.object({ username: z.string(), password: z.string() });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startRoot(dir: string): Promise<{ url: string; root: ChildProcess }> {
  const [http, bus, leaf] = [await freePort(), await freePort(), await freePort()];
  const env = { ...process.env, OAK_STATE_DIR: dir, OAK_HTTP_LISTEN: `127.0.0.1:${http}`, OAK_BUS_LISTEN: `127.0.0.1:${bus}`, OAK_LEAF_LISTEN: `127.0.0.1:${leaf}`, OAK_LOG_LEVEL: 'error' };
  const root = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${http}`;
  for (const end = Date.now() + startMs; Date.now() < end && root.exitCode === null; await pause(100)) {
    const ready = await fetch(`${url}/readyz`).then(({ ok }) => ok, () => false);
    if (ready) return { url, root };
  }
  await stop(root, dir);
  throw new Error(`root does not serve after ${startMs} ms; is it built? npx nx run @oak/root-orchestrator:build`);
}

/** Its nats-server outlives an orchestrator on purpose; here nobody comes back for it. */
async function stop(root: ChildProcess, dir: string): Promise<void> {
  await end(root);
  const record = await readFile(join(dir, 'nats', 'nats.pid'), 'utf8').catch(() => undefined);
  if (record !== undefined) process.kill(z.object({ pid: z.int().positive() }).parse(JSON.parse(record)).pid, 'SIGTERM');
}

async function end(root: ChildProcess): Promise<void> {
  if (root.exitCode !== null) return;
  const ended = once(root, 'exit');
  root.kill();
  if (await Promise.race([ended.then(() => true), pause(stopMs, false, { ref: false })])) return;
  root.kill('SIGKILL');
  await ended;
}

async function post(url: string, body: unknown, token?: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return tokenSchema.parse(await response.json()).token;
}

/** One that may everything but what would end itself: log out, or change its owner's password. */
async function machineToken(url: string, dir: string): Promise<string> {
  const login = await post(`${url}/api/auth/login`, credentialsSchema.parse(JSON.parse(await readFile(join(dir, 'admin-credentials.json'), 'utf8'))));
  return post(`${url}/api/tokens`, { name: 'fuzz', scopes: ['*:*'] }, login);
}

/** Things that are there, so that what asks for them comes further than to "not found". */
async function furnish(url: string, token: string, dir: string): Promise<string> {
  const ask = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: JSON.stringify(body) });
    return JSON.parse(await response.text()) as unknown;
  };
  const organisation = z.string().parse(await ask('/api/organization', { name: 'fuzzed' }));
  await ask('/api/auth/register', { name: 'fuzzed', password: 'long enough' });
  const microservice = { microservice_name: 'fuzzed', microservice_namespace: 'fuzzed', virtualization: 'docker', code: 'docker.io/library/busybox:latest' };
  const [application] = applicationsSchema.parse(await ask('/api/application', { sla_version: 'v2.0', applications: [{ application_name: 'fuzzed', application_namespace: 'fuzzed', microservices: [microservice] }] }));
  const [service] = application.microservices;
  await ask(`/api/service/${service}/instance`, {});
  const file = join(dir, 'schemathesis.toml');
  await writeFile(file, [['service/', `"path.id" = "${service}", "path.number" = "0"`], ['application/', `"path.id" = "${application.applicationID}"`], ['services/', `"path.application" = "${application.applicationID}"`], ['organization/', `"path.id" = "${organisation}"`], ['(user|permission)/', '"path.username" = "fuzzed"']]
    .map(([path, parameters]) => `[[operations]]\ninclude-path-regex = "^/api/${path}"\nexclude-method = "DELETE"\nparameters = { ${parameters} }\n`).join('\n'));
  return file;
}

async function fuzz(url: string, token: string, config: string, more: readonly string[]): Promise<number> {
  const args = ['--config-file', config, 'run', `${url}/docs/openapi.json`, '--url', url, '--header', `Authorization: Bearer ${token}`, '--checks', 'not_a_server_error', '--exclude-path', '/api/events', '--phases', 'examples,coverage,fuzzing', '--max-examples', '50', '--suppress-health-check', 'all', '--continue-on-failure', ...more];
  const schemathesis = spawn('schemathesis', args, { stdio: 'inherit' });
  try {
    const [code] = await once(schemathesis, 'close') as [number | null];
    return code ?? 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}: install it by "pip install schemathesis", and have it on the path\n`);
    return 1;
  }
}

const dir = await mkdtemp(join(tmpdir(), 'oak-fuzz-'));
try {
  const { url, root } = await startRoot(dir);
  try {
    const token = await machineToken(url, dir);
    process.exitCode = await fuzz(url, token, await furnish(url, token, dir), process.argv.slice(2));
  } finally {
    await stop(root, dir);
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
