import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { nameSchema } from '@oak/contracts';
import { rootPermissions, startEmbeddedServer, TrustDomain, uplinkPermissions } from '@oak/identity';
import { connectBus } from '@oak/messaging';
import { newId, onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { SqliteStore } from '@oak/store-sqlite';
import { auditCollection } from './audit/audit-record.ts';
import { Audit } from './audit/audit.ts';
import { configSchema, type Config } from './config.ts';
import { idempotencyCollection } from './idempotency/idempotency-record.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { openHttp } from './http/open-http.ts';
import { openPeople, type People } from './people.ts';
import { Root } from './root.ts';
import { ResetPost } from './users/reset-post.ts';
import { credentialsFile } from './users/users.ts';

const dayMs = 24 * 3_600_000;
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
  const log = (text: string): void => { logger.log(text); };
  const people = await openPeople({ store, state, clock: realClock, newId, log, minPasswordLength: config.OAK_PASSWORD_MIN_LENGTH, keyOldestMs: config.OAK_TOKEN_KEY_DAYS * dayMs });
  announce(people, state);
  const audit = new Audit({ records: store.collection(auditCollection), newId, log });
  const resetPost = new ResetPost({ users: people.users, hook: config.OAK_PASSWORD_RESET_HOOK, log });
  const idempotency = new Idempotency(store.collection(idempotencyCollection), realClock);
  const { app } = await openHttp({ root, people, audit, idempotency, resetPost, clock: realClock, newId }, { corsOrigins: config.OAK_CORS_ORIGINS, logLevels: [config.OAK_LOG_LEVEL, 'warn', 'error'] });
  await app.startAllMicroservices();
  await root.start();
  await app.listen(config.OAK_HTTP_LISTEN.port, config.OAK_HTTP_LISTEN.host);
  logger.log(`ready on http://${config.OAK_HTTP_LISTEN.host}:${config.OAK_HTTP_LISTEN.port}`);
  onSignal(async () => {
    await app.close();
    await Promise.all([root.stop(), audit.settled(), resetPost.idle()]);
    await bus.drain();
    await store.close();
  }, (error) => { logger.error(error); });
}

function announce({ madeAdmin }: People, state: StateDir): void {
  if (!madeAdmin) return;
  logger.log(`first start: user "${madeAdmin.username}", its password is in ${state.file(credentialsFile)} and is to be changed within a day`);
  // Shown once, to a person; a log keeps what it is told.
  if (process.stdout.isTTY) process.stdout.write(`password of ${madeAdmin.username}: ${madeAdmin.password}\n`);
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
