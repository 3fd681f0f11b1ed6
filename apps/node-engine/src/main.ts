import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { positionSchema } from '@oak/contracts';
import { readCreds } from '@oak/identity';
import { BusStrategy, connectBus } from '@oak/messaging';
import { NetClient } from '@oak/net-api';
import { newId, onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { createContainerdRuntimes, daemonPath, FileLogs, findProgram, LogRotation, probeRoute, programVersion, readHandlers, routesOf, type Handler, type RegistryConfig, type Route } from '@oak/runtime-containerd';
import { SqliteStore } from '@oak/store-sqlite';
import { AppModule } from './app.module.ts';
import { configSchema, readNodeFile, type Config, type NodeFile } from './config.ts';
import { describeNode } from './fingerprint/describe-node.ts';
import { ownAddress } from './fingerprint/own-address.ts';
import { startFingerprint } from './fingerprint/fingerprint-loop.ts';
import { RuntimeCatalogue, type CatalogueHandler } from './fingerprint/runtime-catalogue.ts';
import { startLogRotation } from './logs/log-rotation-loop.ts';
import { Node } from './node.ts';
import { served } from './served.ts';
import { isUnikernelRoute, openUnikernels, type UnikernelRoute } from './unikernels/unikernels.ts';

const logger = new Logger('node');

function registriesOf(file: NodeFile): Record<string, RegistryConfig> {
  return Object.fromEntries(Object.entries(file.registries).map(([name, { mirrors, ca_file: caFile, username, password, plain_http: plainHttp }]) => [
    name, { ...(mirrors && { mirrors }), ...(caFile !== undefined && { caFile }), ...(username !== undefined && { username }), ...(password !== undefined && { password }), ...(plainHttp !== undefined && { plainHttp }) },
  ]));
}

function rotateLogs(logDir: string, { logs }: NodeFile): () => Promise<void> {
  const log = (text: string): void => { logger.warn(text); };
  const rotation = new LogRotation({ logDir, maxBytes: logs.max_mib * 2 ** 20, segments: logs.files, report: log });
  return startLogRotation({ rotation, clock: realClock, random: realRandom, log });
}

async function serve(config: Config): Promise<void> {
  const state = new StateDir(config.OAK_STATE_DIR);
  const file = readNodeFile(config.OAK_NODE_CONFIG);
  const credentials = readFileSync(config.OAK_CLUSTER_CREDENTIALS, 'utf8');
  const { name, tokens: [cluster, node] } = readCreds(credentials);
  if (cluster === undefined || node === undefined) throw new Error(`${config.OAK_CLUSTER_CREDENTIALS} is for ${name}, not for a node`);
  const log = (text: string): void => { logger.log(text); };

  const containerd = createContainerdRuntimes({
    socket: config.OAK_CONTAINERD_SOCKET, namespace: config.OAK_CONTAINERD_NAMESPACE, stateDir: state.path, logDir: state.file('logs'),
    cgroupParent: file.cgroup_parent, allowPrivileged: file.allow_privileged, registries: registriesOf(file), registryConnectMs: file.registry_connect_timeout_s * 1000,
  });
  const unikernels = openUnikernels({ driver: config.OAK_UNIKERNEL_DRIVER, file, stateDir: state.path, logs: new FileLogs(state.file('logs')), registries: registriesOf(file) });
  const bus = await connectBus({ servers: config.OAK_CLUSTER_BUS, name: 'node-engine', inboxPrefix: `_INBOX.node.${node}`, credentials, background: true, log: logger });
  const store = SqliteStore.open(state.file('node.db'));
  const net = new NetClient(config.OAK_NET_SOCKET);
  let programPath = '';
  let watchedFiles: readonly string[] = [config.OAK_CONTAINERD_CONFIG];
  const catalogue = new RuntimeCatalogue<Handler | CatalogueHandler, Route | UnikernelRoute>({
    detect: () => {
      const detected = readHandlers(config.OAK_CONTAINERD_CONFIG);
      watchedFiles = detected.files;
      const daemons = daemonPath(config.OAK_CONTAINERD_SOCKET);
      if (daemons === undefined) logger.warn(`the PATH of the daemon at ${config.OAK_CONTAINERD_SOCKET} can not be read (nobody listens there, or it is hidden from us), so its programs are looked up on our own`);
      programPath = daemons ?? process.env['PATH'] ?? '';
      return { ...detected, own: unikernels.handler ? [unikernels.handler] : [] };
    },
    routes: (handler) => ('runtimeType' in handler ? routesOf(handler, state.file('runtimes')) : unikernels.routes),
    runtimeFor: (virtualization, route, version) => (isUnikernelRoute(route) ? unikernels.runtimeFor(route, version) : containerd.runtimeFor(virtualization, route, version)),
    versionOf: programVersion,
    probe: (route, signal) => (isUnikernelRoute(route) ? unikernels.probe(route, signal) : probeRoute(containerd.client, route, { cgroupParent: file.cgroup_parent }, signal)),
    find: (program, route) => (isUnikernelRoute(route) ? unikernels.find(program) : findProgram(program, programPath)),
    clock: realClock, onChange: () => { if (started) orchestrated.runtimesChanged(); }, log,
  });
  let address = config.OAK_NODE_ADDRESS ?? await ownAddress(config.OAK_CLUSTER_BUS);
  if (address === undefined) logger.warn('there is no way to the cluster yet, so nobody knows where other nodes reach this one; it is looked up again when the bus is there (OAK_NODE_ADDRESS says it for good)');
  let started = false;
  const orchestrated = new Node({
    bus, store, net, runtimes: catalogue, clock: realClock, random: realRandom, newId, cluster, node, epoch: state.nextEpoch(), drainMs: config.OAK_DRAIN_MS, graceMs: config.OAK_STOP_GRACE_MS, log,
    describe: () => ({ description: describeNode({ address, capacity: file.capacity, labels: file.labels, allowPrivileged: file.allow_privileged, stateDir: state.path }), runtimes: catalogue.statuses() }),
    position: {
      load: () => { const text = state.read('position.json'); return text === undefined ? undefined : positionSchema.parse(JSON.parse(text)); },
      save: (position) => { state.write('position.json', JSON.stringify(position)); },
    },
  });
  await catalogue.refresh('start');
  const app = await NestFactory.createMicroservice(AppModule.with(orchestrated), { strategy: new BusStrategy(bus, [cluster, node], { served }), logger: [config.OAK_LOG_LEVEL, 'warn', 'error'] });
  await app.listen();
  await orchestrated.start();
  // The network came up after us, or gave this machine another address.
  bus.onReconnect(() => {
    if (config.OAK_NODE_ADDRESS !== undefined) return;
    void ownAddress(config.OAK_CLUSTER_BUS).then((now) => {
      if (now === undefined || now === address) return;
      address = now;
      orchestrated.registerAgain(`other nodes reach this one at ${now} from now on`);
    });
  });
  started = true;
  const stopFingerprint = startFingerprint({ catalogue, files: () => watchedFiles, clock: realClock, random: realRandom, periodMs: file.probe_period_s * 1000, log });
  const stopRotation = rotateLogs(state.file('logs'), file);
  logger.log(`node ${node} of cluster ${cluster} ready`);
  onSignal(async () => {
    await Promise.all([stopFingerprint(), stopRotation()]);
    await app.close();
    await orchestrated.stop();
    await bus.drain();
    net.close();
    await containerd.close();
    await unikernels.close();
    await store.close();
  }, (error) => { logger.error(error); });
}

try {
  await serve(readConfig(configSchema, process.env));
} catch (error) {
  process.stderr.write(`node-engine: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
