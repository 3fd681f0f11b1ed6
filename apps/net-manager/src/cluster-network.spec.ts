import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { nodeNetwork, type NodeNetworkQuestion } from '@oak/contracts';
import { nodePermissions, TrustDomain } from '@oak/identity';
import { connectBus } from '@oak/messaging';
import { NatsServer } from '@oak/messaging/testing';
import { StateDir } from '@oak/process';
import { bundle, TestMachine } from './testing/test-machine.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => { for (const step of undo.splice(0).toReversed()) await step(); }, 60_000);

/** A unix socket crosses network namespaces: the node reaches our server through it, at its own 127.0.0.1:4223. */
async function bridgeToBus(machine: TestMachine, port: number): Promise<void> {
  const path = join(machine.dir, 'bus.sock');
  const server: Server = createServer((near: Socket) => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
  });
  server.listen(path);
  await once(server, 'listening');
  undo.push(() => { server.close(); });
  await machine.program(machine.node, `const { connect, createServer } = require('node:net'); createServer((a) => { const b = connect('${path}'); for (const [x, y] of [[a, b], [b, a]]) x.on('error', () => y.destroy()).on('close', () => y.destroy()).pipe(y); }).listen(4223, '127.0.0.1', () => console.log('up'))`);
}

test('the cluster gives the subnet once; a node that starts while it is away works with what it knows', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'oak-net-cluster-'));
  undo.push(() => { rmSync(dir, { recursive: true, force: true }); });
  const bus = await NatsServer.start();
  undo.push(() => bus.stop());
  const machine = new TestMachine(await bundle(dir));
  undo.push(() => machine.dispose());
  await machine.setUp();
  await bridgeToBus(machine, bus.port);
  const credentials = join(dir, 'n7.creds');
  writeFileSync(credentials, TrustDomain.open('c1', new StateDir(join(dir, 'trust'))).issue('cluster.c1.node.n7', nodePermissions('c1', 'n7')));
  const env = { OAK_NODE_SUBNET: undefined, OAK_CLUSTER_CREDENTIALS: credentials };

  const early = machine.launch(env);
  await vi.waitFor(async () => { expect(await early.status()).toMatchObject({ ready: false, problem: expect.stringContaining('this node has no subnet yet: ') as string }); }, 20_000);
  await expect(early.attach(machine.request())).rejects.toMatchObject({ kind: 'temporary', message: 'this node has no subnet yet: it waits for its cluster' });

  const cluster = await connectBus({ servers: bus.url, name: 'cluster', inboxPrefix: '_INBOX.cluster.c1', log: { log: () => undefined, warn: () => undefined, error: () => undefined } });
  undo.push(() => cluster.drain());
  const asked: [string | undefined, NodeNetworkQuestion][] = [];
  const ranges = { nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/16'], v6: ['fdff::/16'] } };
  cluster.serve(nodeNetwork, ['c1'], (question, { tokens: [, node] }) => { asked.push([node, question]); return { subnets: [{ v4: '10.18.0.64/26', v6: 'fc00::100/120' }], ...ranges }; });
  await vi.waitFor(async () => { expect(await early.status()).toMatchObject({ ready: true, problem: '', subnetV4: '10.18.0.64/26' }); }, 20_000);
  expect(asked[0]).toEqual(['n7', { encryption: 'none' }]);
  const first = await early.attach(machine.request());
  expect([first.ipv4, first.gatewayIpv6]).toEqual(['10.18.0.66', 'fc00::101']);

  await bus.halt();
  await machine.end('SIGKILL');
  const late = await machine.start(env);
  expect((await late.list()).map(({ ipv4 }) => ipv4)).toEqual(['10.18.0.66']);
  expect((await late.attach(machine.request())).ipv4).toBe('10.18.0.67');
}, 120_000);
