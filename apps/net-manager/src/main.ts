import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readCreds } from '@oak/identity';
import { connectBus, type Bus } from '@oak/messaging';
import { serveNet, tunnelPort } from '@oak/net-api';
import { onSignal, readConfig, StateDir } from '@oak/process';
import { realClock, realRandom } from '@oak/reconcile';
import { AppModule } from './app.module.ts';
import { configSchema, type Config } from './config.ts';
import { Datapath } from './datapath/datapath.ts';
import { limited } from './datapath/limited.ts';
import { probe } from './datapath/probe.ts';
import { requirePrograms, run, type Run } from './datapath/run.ts';
import { json } from './datapath/tools.ts';
import { overlayMtu, plainOverhead } from './datapath/underlay.ts';
import { KeptDistances } from './distance/kept-distances.ts';
import { encryptedOverhead, openEncryption, probeFor } from './encryption/open-encryption.ts';
import { Net } from './net.ts';
import { NetlinkSocket } from './netlink/netlink-socket.ts';
import { netfilter, Nftables } from './netlink/nftables.ts';
import type { Place } from './overlay/nearest.ts';
import { KnownNetwork } from './routes/known-network.ts';
import { clusterSource, staticSource, type NetworkSource } from './routes/network-source.ts';

const logger = new Logger('net');
const programsAtOnce = 4;

/** A subnet that the operator gave needs no bus. */
async function networkSource(config: Config): Promise<{ source: NetworkSource; place?: Place; bus?: Bus }> {
  const { OAK_NODE_SUBNET: subnet, OAK_CLUSTER_CREDENTIALS: path = '' } = config;
  if (subnet) return { source: staticSource(subnet) };
  const credentials = readFileSync(path, 'utf8');
  const { name, tokens: [cluster, node] } = readCreds(credentials);
  if (cluster === undefined || node === undefined) throw new Error(`OAK_CLUSTER_CREDENTIALS=${path} is for ${name}, not for a node`);
  const bus = await connectBus({ servers: config.OAK_CLUSTER_BUS, name: 'net-manager', inboxPrefix: `_INBOX.node.${node}`, credentials, background: true, log: logger });
  return { source: clusterSource(bus, cluster, node), place: { cluster, node }, bus };
}

async function datapathOf(config: Config, few: Run, nftables: Nftables, encrypted: boolean): Promise<Datapath> {
  const { OAK_BRIDGE: bridge, OAK_TUNNEL_PORT: port } = config;
  const [links, ways] = await Promise.all([json(few, 'ip', ['-j', 'link', 'show']), json(few, 'ip', ['-j', 'route', 'show', 'default'])]);
  return new Datapath({ bridge, tunnelPort: port, mtu: config.OAK_OVERLAY_MTU ?? overlayMtu(links, ways, bridge, encrypted ? encryptedOverhead : plainOverhead), encrypted }, few, nftables);
}

async function serve(config: Config): Promise<void> {
  requirePrograms();
  const state = new StateDir(config.OAK_STATE_DIR);
  const known = new KnownNetwork(state, realClock, (text) => { logger.warn(text); });
  const distances = new KeptDistances(state, (text) => { logger.warn(text); });
  const nftables = new Nftables(NetlinkSocket.open(netfilter));
  const few = limited(run, programsAtOnce);
  const [{ source, place, bus }, probed] = await Promise.all([networkSource(config), probe(few)]);
  const wireguard = { mode: config.OAK_ENCRYPTION, device: config.OAK_WIREGUARD_DEVICE, port: config.OAK_WIREGUARD_PORT };
  const found = await probeFor(wireguard, place, few);
  const datapath = await datapathOf(config, few, nftables, found.kind !== 'none');
  const encryption = await openEncryption(wireguard, found, place, datapath.options.mtu, state, few);
  const { OAK_TUNNEL_HOST: host, OAK_TUNNEL_PORT: port, OAK_GRACE_MS: graceMs } = config;
  const tunnel = { ...(host !== undefined && { host }), ...(port !== tunnelPort.hostPort && { port }) };
  const net = new Net({ datapath, probed, encryption, place, known, distances, source, tunnel, graceMs, clock: realClock, random: realRandom, log: logger });
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
    nftables.close();
  }, (error) => { logger.error(error); });
}

try {
  await serve(readConfig(configSchema, process.env));
} catch (error) {
  process.stderr.write(`net-manager: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
