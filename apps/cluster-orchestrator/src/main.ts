import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { nameSchema, positionSchema, type Position } from '@oak/contracts';
import { clusterPermissions, nodePermissions, startEmbeddedServer, TrustDomain } from '@oak/identity';
import { BusStrategy, connectBus } from '@oak/messaging';
import { onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { SqliteStore } from '@oak/store-sqlite';
import { AppModule } from './app.module.ts';
import { Cluster } from './cluster.ts';
import { configSchema, type Config } from './config.ts';
import { served } from './served.ts';

const version = '0.1.0';
const logger = new Logger('cluster');

/** `credentials node NAME`: lets a node in. Whoever can read the state folder may do that. */
function printCredentials(config: Config, state: StateDir, [kind, name]: readonly string[]): void {
  const parsed = nameSchema.safeParse(name);
  if (kind !== 'node' || !parsed.success) throw new Error('usage: credentials node NAME   (NAME: letters, digits, _ and -, at most 63)');
  const cluster = config.OAK_CLUSTER_NAME;
  process.stdout.write(TrustDomain.open(cluster, state).issue(`cluster.${cluster}.node.${parsed.data}`, nodePermissions(cluster, parsed.data)));
}

function positionIn(state: StateDir, file: string): { load: () => Position | undefined; save: (position: Position) => void } {
  return {
    load: () => { const text = state.read(file); return text === undefined ? undefined : positionSchema.parse(JSON.parse(text)); },
    save: (position) => { state.write(file, JSON.stringify(position)); },
  };
}

async function serve(config: Config, state: StateDir): Promise<void> {
  const cluster = config.OAK_CLUSTER_NAME;
  const remote = config.OAK_ROOT_LEAF_URL !== undefined && config.OAK_ROOT_CREDENTIALS !== undefined
    ? { url: config.OAK_ROOT_LEAF_URL, credentialsFile: config.OAK_ROOT_CREDENTIALS } : undefined;
  if (!remote) logger.warn('no root: set OAK_ROOT_LEAF_URL and OAK_ROOT_CREDENTIALS to join one; this cluster works alone until then');
  const domain = TrustDomain.open(cluster, state);
  const server = await startEmbeddedServer({ dir: state.file('nats'), name: cluster, listen: config.OAK_BUS_LISTEN, domain, ...(remote && { remote }), env: process.env, log: (text) => { logger.log(text); } });
  const bus = await connectBus({ servers: server.url, name: 'cluster-orchestrator', inboxPrefix: `_INBOX.cluster.${cluster}`, credentials: domain.issue(`cluster.${cluster}`, clusterPermissions(cluster)), log: logger });
  const store = SqliteStore.open(state.file('cluster.db'));
  const orchestrator = new Cluster({
    bus, store, clock: realClock, random: realRandom, cluster, location: config.OAK_CLUSTER_LOCATION, version, epoch: state.nextEpoch(), heartbeatMs: config.OAK_HEARTBEAT_MS,
    liveness: { unknownAfterMs: config.OAK_UNKNOWN_AFTER_MS, lostAfterMs: config.OAK_LOST_AFTER_MS }, hasRoot: remote !== undefined, log: (text) => { logger.log(text); },
    position: positionIn(state, 'position.json'),
    overlay: {
      position: positionIn(state, 'routes-position.json'),
      ranges: { load: () => JSON.parse(state.read('ranges.json') ?? 'null') as unknown, save: (ranges) => { state.write('ranges.json', JSON.stringify(ranges)); } },
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(orchestrator), new FastifyAdapter(), { logger: [config.OAK_LOG_LEVEL, 'warn', 'error'], forceCloseConnections: true });
  app.connectMicroservice({ strategy: new BusStrategy(bus, [cluster], { served }) });
  await orchestrator.start();
  await app.startAllMicroservices();
  await app.listen(config.OAK_HTTP_LISTEN.port, config.OAK_HTTP_LISTEN.host);
  logger.log(`cluster ${cluster} ready on http://${config.OAK_HTTP_LISTEN.host}:${config.OAK_HTTP_LISTEN.port}`);
  onSignal(async () => {
    await app.close();
    await orchestrator.stop();
    await bus.drain();
    await store.close();
  }, (error) => { logger.error(error); });
}

try {
  const config = readConfig(configSchema, process.env);
  const state = new StateDir(config.OAK_STATE_DIR);
  if (process.argv[2] === 'credentials') printCredentials(config, state, process.argv.slice(3));
  else await serve(config, state);
} catch (error) {
  process.stderr.write(`cluster-orchestrator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
