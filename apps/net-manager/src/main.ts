import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readCreds } from '@oak/identity';
import { connectBus, type Bus } from '@oak/messaging';
import { serveNet } from '@oak/net-api';
import { onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { AppModule } from './app.module.ts';
import { configSchema, type Config } from './config.ts';
import { Datapath } from './datapath/datapath.ts';
import { limited } from './datapath/limited.ts';
import { requirePrograms, run } from './datapath/run.ts';
import { Net } from './net.ts';
import { KnownSubnet } from './subnet/known-subnet.ts';
import { clusterSource, staticSource, type SubnetSource } from './subnet/subnet-source.ts';

const logger = new Logger('net');
const programsAtOnce = 4;

/** A subnet that the operator gave needs no bus. */
async function subnetSource(config: Config): Promise<{ source: SubnetSource; bus?: Bus }> {
  const { OAK_NODE_SUBNET: subnet, OAK_CLUSTER_CREDENTIALS: path = '' } = config;
  if (subnet) return { source: staticSource(subnet) };
  const credentials = readFileSync(path, 'utf8');
  const { name, tokens: [cluster, node] } = readCreds(credentials);
  if (cluster === undefined || node === undefined) throw new Error(`OAK_CLUSTER_CREDENTIALS=${path} is for ${name}, not for a node`);
  const bus = await connectBus({ servers: config.OAK_CLUSTER_BUS, name: 'net-manager', inboxPrefix: `_INBOX.node.${node}`, credentials, background: true, log: logger });
  return { source: clusterSource(bus, cluster, node), bus };
}

async function serve(config: Config): Promise<void> {
  requirePrograms();
  const known = new KnownSubnet(new StateDir(config.OAK_STATE_DIR));
  const { source, bus } = await subnetSource(config);
  const net = new Net({ datapath: new Datapath(config.OAK_BRIDGE, limited(run, programsAtOnce)), known, source, clock: realClock, random: realRandom, log: logger });
  const app = await NestFactory.createApplicationContext(AppModule.with(net), { logger: [config.OAK_LOG_LEVEL, 'warn', 'error'] });
  await net.start();
  bus?.onReconnect(() => { net.askAgain(); });
  const serving = await serveNet(config.OAK_NET_SOCKET, net);
  logger.log(`net-manager ready on ${config.OAK_NET_SOCKET}`);
  onSignal(async () => {
    await serving.close();
    await net.stop();
    await bus?.drain();
    await app.close();
  }, (error) => { logger.error(error); });
}

try {
  await serve(readConfig(configSchema, process.env));
} catch (error) {
  process.stderr.write(`net-manager: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
