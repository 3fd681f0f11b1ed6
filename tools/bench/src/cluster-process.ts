import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clusterPermissions, TrustDomain } from '@oak/identity';
import { freePort } from '@oak/identity/testing';
import { connectBus, type Bus } from '@oak/messaging/client';
import { StateDir } from '@oak/process';

const main = fileURLToPath(new URL('../../../apps/cluster-orchestrator/dist/main.js', import.meta.url));
export const clusterName = 'bench';

export interface ClusterProcess {
  /** With the cluster's own rights, so that it can speak for each of its nodes and hear what each of them is told. */
  readonly bus: Bus;
  readonly dir: string;
  readonly stop: () => Promise<void>;
}

/** The built cluster orchestrator with its own nats-server and SQLite file, alone on the loopback. Its nodes may be silent for long. */
export async function startCluster(): Promise<ClusterProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'oak-bench-'));
  const [busPort, httpPort] = [await freePort(), await freePort()];
  const state = join(dir, 'state');
  const child = spawn(process.execPath, [main], {
    stdio: 'ignore',
    env: {
      ...process.env, OAK_STATE_DIR: state, OAK_CLUSTER_NAME: clusterName, OAK_BUS_LISTEN: `127.0.0.1:${busPort}`, OAK_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
      OAK_HEARTBEAT_MS: '60000', OAK_UNKNOWN_AFTER_MS: '3600000', OAK_LOST_AFTER_MS: '3600000', OAK_LOG_LEVEL: 'error',
    },
  });
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) { child.kill('SIGTERM'); await once(child, 'exit'); }
    await endServer(state);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilReady(`http://127.0.0.1:${httpPort}/readyz`, () => child.exitCode);
    const credentials = TrustDomain.open(clusterName, new StateDir(state)).issue(`cluster.${clusterName}`, clusterPermissions(clusterName));
    const bus = await connectBus({ servers: `nats://127.0.0.1:${busPort}`, name: 'bench', inboxPrefix: `_INBOX.cluster.${clusterName}`, credentials, log: { log: () => undefined, warn: console.warn, error: console.error } });
    return { bus, dir, stop: async () => { await bus.drain(); await end(); } };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Its nats-server outlives the orchestrator on purpose; here nobody comes back for it. */
async function endServer(state: string): Promise<void> {
  const record = await readFile(join(state, 'nats', 'nats.pid'), 'utf8').catch(() => undefined);
  if (record !== undefined) process.kill((JSON.parse(record) as { pid: number }).pid, 'SIGTERM');
}

async function untilReady(url: string, exited: () => number | null): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (exited() !== null) throw new Error(`cluster-orchestrator ended with ${exited()}: run it by hand to see why`);
    await pause(50);
  }
  throw new Error(`nobody is ready at ${url}`);
}
