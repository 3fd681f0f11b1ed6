import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { nameSchema } from '@oak/contracts';
import { rootPermissions, startEmbeddedServer, TrustDomain, uplinkPermissions } from '@oak/identity';
import { BusStrategy, connectBus } from '@oak/messaging';
import { newId, onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { SqliteStore } from '@oak/store-sqlite';
import { AppModule } from './app.module.ts';
import { Tokens } from './auth/tokens.ts';
import { usersCollection } from './auth/user-record.ts';
import { credentialsFile, Users } from './auth/users.ts';
import { configSchema, type Config } from './config.ts';
import { serveApiDocs } from './http/api-docs.ts';
import { Root } from './root.ts';
import { served } from './served.ts';

const bodyLimitBytes = 1 << 20;
const logger = new Logger('root');

/** `credentials cluster NAME`: lets a cluster's leaf link in. Whoever can read the state folder may do that. */
function printCredentials(state: StateDir, [kind, name]: readonly string[]): void {
  const parsed = nameSchema.safeParse(name);
  if (kind !== 'cluster' || !parsed.success) throw new Error('usage: credentials cluster NAME   (NAME: letters, digits, _ and -, at most 63)');
  process.stdout.write(TrustDomain.open('root', state).issue(`uplink.${parsed.data}`, uplinkPermissions(parsed.data)));
}

async function serve(config: Config, state: StateDir): Promise<void> {
  const domain = TrustDomain.open('root', state);
  const server = await startEmbeddedServer({
    dir: state.file('nats'), name: 'root', listen: config.OAK_BUS_LISTEN, leafListen: config.OAK_LEAF_LISTEN, domain, env: process.env, log: (text) => { logger.log(text); },
  });
  const bus = await connectBus({ servers: server.url, name: 'root-orchestrator', inboxPrefix: '_INBOX.root', credentials: domain.issue('root', rootPermissions()), log: logger });
  const store = SqliteStore.open(state.file('root.db'));
  const root = new Root({
    bus, store, clock: realClock, random: realRandom, epoch: state.nextEpoch(), newId, plans: { nodes: config.OAK_NODE_RANGES, services: config.OAK_SERVICE_RANGES },
    liveness: { silentAfterMs: config.OAK_CLUSTER_SILENT_AFTER_MS, lostAfterMs: config.OAK_CLUSTER_LOST_AFTER_MS }, log: (text) => { logger.log(text); },
  });
  const users = new Users(store.collection(usersCollection));
  const admin = await users.ensureAdmin(state, newId, realClock.now());
  if (admin) logger.log(`first start: user "${admin.username}", its password is in ${state.file(credentialsFile)}`);
  // Shown once, to a person; a log keeps what it is told.
  if (admin && process.stdout.isTTY) process.stdout.write(`password of ${admin.username}: ${admin.password}\n`);

  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ root, users, tokens: await Tokens.open(state), clock: realClock, newId }),
    new FastifyAdapter({ bodyLimit: bodyLimitBytes, routerOptions: { ignoreTrailingSlash: true } }),
    { logger: [config.OAK_LOG_LEVEL, 'warn', 'error'], forceCloseConnections: true, bodyParser: false },
  );
  acceptEmptyJson(app);
  serveApiDocs(app);
  app.connectMicroservice({ strategy: new BusStrategy(bus, [], { served }) });
  await app.startAllMicroservices();
  await root.start();
  await app.listen(config.OAK_HTTP_LISTEN.port, config.OAK_HTTP_LISTEN.host);
  logger.log(`ready on http://${config.OAK_HTTP_LISTEN.host}:${config.OAK_HTTP_LISTEN.port}`);
  onSignal(async () => {
    await app.close();
    await root.stop();
    await bus.drain();
    await store.close();
  }, (error) => { logger.error(error); });
}

/** Oakestra's clients send `content-type: application/json` with no body when they deploy. */
function acceptEmptyJson(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser(['application/json']);
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body: string, done) => {
    try {
      done(null, body.trim() === '' ? undefined : JSON.parse(body) as unknown);
    } catch (error) {
      done(Object.assign(new Error(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`), { statusCode: 400, code: 'Malformed JSON' }));
    }
  });
}

try {
  const config = readConfig(configSchema, process.env);
  const state = new StateDir(config.OAK_STATE_DIR);
  if (process.argv[2] === 'credentials') printCredentials(state, process.argv.slice(3));
  else await serve(config, state);
} catch (error) {
  process.stderr.write(`root-orchestrator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
