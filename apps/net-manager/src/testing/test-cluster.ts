import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { nodeBlock, routesOf, subnetsOfBlock, type NodeSubnet } from '@oak/addressing';
import { nodeNetwork, nodeRoutes, nodeTrace, type Backend, type NodeNetworkQuestion, type PeerRoute, type Route, type ServiceRoute, type Trace, type TraceQuestion } from '@oak/contracts';
import { nodePermissions, TrustDomain } from '@oak/identity';
import { connectBus, type Bus } from '@oak/messaging';
import { NatsServer } from '@oak/messaging/testing';
import type { Attachment } from '@oak/net-api';
import { StateDir } from '@oak/process';
import { ChainedBook } from '@oak/reconcile';
import { bundle, TestMachine } from './test-machine.ts';

export const ranges = { nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] } };
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** What a cluster says to its nodes, over a real bus. Machine number n is node `n<n>` with the n-th subnet. */
export class TestCluster {
  readonly asked: { readonly node: string; readonly question: NodeNetworkQuestion }[] = [];
  readonly #dir: string;
  readonly #trust: TrustDomain;
  readonly #server: NatsServer;
  readonly #bus: Bus;
  readonly #sockets: Server[] = [];
  #book: ChainedBook<Route>;
  #lossy = false;

  static async start(dir: string): Promise<TestCluster> {
    const server = await NatsServer.start();
    const bus = await connectBus({ servers: server.url, name: 'cluster', inboxPrefix: '_INBOX.cluster.c1', log: silent });
    return new TestCluster(dir, server, bus);
  }

  /** And two machines on one switch, numbers 1 and 3, that are not started yet. */
  static async withTwo(dir: string): Promise<{ readonly cluster: TestCluster; readonly here: TestMachine; readonly there: TestMachine }> {
    const program = await bundle(dir);
    const cluster = await TestCluster.start(dir);
    const here = new TestMachine(program);
    await here.setUp();
    const there = new TestMachine(program, { beside: here, number: 3 });
    await there.setUp();
    return { cluster, here, there };
  }

  constructor(dir: string, server: NatsServer, bus: Bus) {
    this.#dir = dir;
    this.#server = server;
    this.#bus = bus;
    this.#trust = TrustDomain.open('c1', new StateDir(join(dir, 'trust')));
    this.#book = this.#newBook(1);
    bus.serve(nodeNetwork, ['c1'], (question, { tokens: [, node = ''] }) => {
      this.asked.push({ node, question });
      const [first, ...rest] = this.#book.complete(node);
      for (const page of rest) bus.publish(nodeRoutes, routesOf(page), 'c1', node);
      return { subnets: [subnetOf(Number(node.slice(1)))], ...ranges, ...(this.#book.differs(node, question.position) && { routes: routesOf(first) }) };
    });
  }

  /** Environment of the net-manager on this machine, which reaches the bus through a socket that crosses namespaces. */
  async join(machine: TestMachine): Promise<Record<string, string | undefined>> {
    const path = join(machine.dir, 'bus.sock');
    const server = createServer((near: Socket) => {
      const far = connect(this.#server.port, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
    });
    this.#sockets.push(server);
    server.listen(path);
    await once(server, 'listening');
    await machine.program(machine.node, `const { connect, createServer } = require('node:net'); createServer((a) => { const b = connect('${path}'); for (const [x, y] of [[a, b], [b, a]]) x.on('error', () => y.destroy()).on('close', () => y.destroy()).pipe(y); }).listen(4223, '127.0.0.1', () => console.log('up'))`);
    const credentials = join(this.#dir, `n${machine.number}.creds`);
    writeFileSync(credentials, this.#trust.issue(`cluster.c1.node.n${machine.number}`, nodePermissions('c1', `n${machine.number}`)));
    return { OAK_NODE_SUBNET: undefined, OAK_CLUSTER_CREDENTIALS: credentials };
  }

  /** Routes for everybody of `machines`; those of the ids in `remove` are gone. */
  tell(machines: readonly TestMachine[], set: readonly Route[], remove: readonly string[] = []): void {
    for (const { number } of machines) {
      for (const route of set) this.#book.set(`n${number}`, route);
      for (const id of remove) this.#book.remove(`n${number}`, id);
    }
  }

  /** Ids of all that this machine was told and that still holds; it writes them down only a while later. */
  told({ number }: TestMachine): string[] {
    return this.#book.complete(`n${number}`).flatMap(({ items }) => items.map(({ id }) => id));
  }

  /** What is told meanwhile does not arrive. */
  async losing(run: () => void): Promise<void> {
    this.#lossy = true;
    run();
    await Promise.resolve();
    this.#lossy = false;
  }

  trace(machine: TestMachine, question: TraceQuestion): Promise<Trace> {
    return this.#bus.request(nodeTrace, question, 5000, 'c1', `n${machine.number}`);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#bus.drain();
    await this.#server.stop();
  }

  #newBook(epoch: number): ChainedBook<Route> {
    return new ChainedBook<Route>({ epoch, defer: (flush) => { queueMicrotask(flush); }, send: (node, message) => { if (!this.#lossy) this.#bus.publish(nodeRoutes, routesOf(message), 'c1', node); } });
  }
}

/** How others reach a machine. */
export function peerOf(machine: TestMachine, family: 'v4' | 'v6' = 'v4'): PeerRoute {
  return { kind: 'peer', id: `c1/n${machine.number}`, cluster: 'c1', node: `n${machine.number}`, host: machine.address[family], port: 50_103, subnets: [subnetOf(machine.number)] };
}

export function backendOf(machine: TestMachine, { instanceId, ipv4, ipv6, network }: Attachment, change: Partial<Backend> = {}): Backend {
  if (!network) throw new Error(`${instanceId} takes no part in the overlay`);
  return { id: instanceId, instanceNumber: 0, ipv4: network.ipv4, ipv6: network.ipv6, namespaceIpv4: ipv4, namespaceIpv6: ipv6, cluster: 'c1', node: `n${machine.number}`, ...change };
}

/** Service number n: 10.30.200.<n>, closest 10.30.201.<n>, of the application that `TestMachine.member` gives. */
export function serviceOf(n: number, backends: readonly Backend[], change: Partial<ServiceRoute> = {}): ServiceRoute {
  return {
    kind: 'service', id: n.toString(16).padStart(24, 'b'), name: `shop.test.s${n}.test`, applicationId: 'a'.repeat(24), organisation: 'acme', policy: 'isolated', affinity: 'none',
    addresses: { roundRobin: { ipv4: `10.30.200.${n}`, ipv6: `fdff:2000::${n}` }, closest: { ipv4: `10.30.201.${n}`, ipv6: `fdff:1000::${n}` } }, backends: [...backends], ...change,
  };
}

/** The ranges of node number `number` of the first block. */
export function subnetOf(number: number): NodeSubnet {
  const block = nodeBlock(0);
  const subnet = block && subnetsOfBlock(block)[number];
  if (!subnet) throw new Error(`the first block has no node ${number}`);
  return subnet;
}
