import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Backend, Route } from '@oak/contracts';
import type { AttachRequest, NetClient } from '@oak/net-api';
import { Datapath } from './datapath/datapath.ts';
import type { Remembered } from './datapath/remembered.ts';
import { run } from './datapath/run.ts';
import { NetlinkSocket } from './netlink/netlink-socket.ts';
import { netfilter, Nftables } from './netlink/nftables.ts';
import { Overlay } from './overlay/overlay.ts';
import { backendOf, peerOf, ranges, serviceOf, subnetOf, TestCluster } from './testing/test-cluster.ts';
import { bundle, TestMachine } from './testing/test-machine.ts';

const dir = mkdtempSync(join(tmpdir(), 'oak-net-model-'));
let cluster: TestCluster;
let machine: TestMachine;
let net: NetClient;
let env: Record<string, string | undefined>;
let kernel: Datapath;
let nftables: Nftables;

beforeAll(async () => {
  const program = await bundle(dir);
  cluster = await TestCluster.start(dir);
  machine = new TestMachine(program);
  await machine.setUp();
  env = await cluster.join(machine);
  net = await machine.start(env);
  nftables = new Nftables(NetlinkSocket.open(netfilter, `/run/netns/${machine.node}`));
  kernel = new Datapath({ bridge: 'oak0', tunnelPort: 50_103, mtu: 1450, encrypted: false }, (tool, args, input) => run('nsenter', [`--net=/run/netns/${machine.node}`, tool, ...args], input), nftables);
}, 60_000);
afterAll(async () => {
  nftables.close();
  await machine.dispose();
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('attach' as const), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('detach' as const), who: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('service' as const), n: fc.integer({ min: 1, max: 4 }), backends: fc.uniqueArray(fc.nat(9), { maxLength: 6 }), policy: fc.constantFrom('isolated' as const, 'public' as const), affinity: fc.constantFrom('none' as const, 'client' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), n: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('peer' as const), family: fc.constantFrom('v4' as const, 'v6' as const), gone: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), attaching: fc.boolean() }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What was asked for and told, apart from what net-manager makes of it. */
class World {
  readonly requests: AttachRequest[] = Array.from({ length: 5 }, (_, i) => machine.member({}, i % 2 ? [{ hostPort: 9000 + i, targetPort: 80, protocol: 'tcp' }] : []));
  readonly wanted = new Set<number>();
  readonly routes = new Map<string, Route>();

  tell(route: Route | undefined, id: string): void {
    if (route) this.routes.set(id, route);
    else this.routes.delete(id);
    cluster.tell([machine], route ? [route] : [], route ? [] : [id]);
  }

  /** 0 to 4 are instances of this node, whether attached or not; the others run on another one. */
  async backend(n: number): Promise<Backend> {
    const request = this.requests[n];
    const attached = (await net.list()).find(({ instanceId }) => instanceId === request?.instanceId);
    if (attached) return backendOf(machine, attached);
    const network = request?.network ?? { ipv4: `10.30.7.${n}`, ipv6: `fdff::7:${n}` };
    return {
      id: request?.instanceId ?? n.toString(16).padStart(24, 'e'), instanceNumber: n, ipv4: network.ipv4, ipv6: network.ipv6, cluster: 'c1',
      ...(request ? { node: 'n1', namespaceIpv4: '10.18.0.99', namespaceIpv6: 'fc00::163' } : { node: 'n3', namespaceIpv4: `10.18.0.20${n}`, namespaceIpv6: `fc00::3a${n}` }),
    };
  }
}

async function take(world: World, one: Step): Promise<void> {
  switch (one.do) {
    case 'attach': world.wanted.add(one.who); await net.attach(requestOf(world, one.who)); return;
    case 'detach': world.wanted.delete(one.who); await net.detach(requestOf(world, one.who).instanceId); return;
    case 'service': {
      const backends = await Promise.all(one.backends.map((n) => world.backend(n)));
      const route = serviceOf(one.n, backends, { policy: one.policy, affinity: one.affinity });
      world.tell(route, route.id);
      return;
    }
    case 'withdraw': world.tell(undefined, serviceOf(one.n, []).id); return;
    case 'peer': world.tell(one.gone ? undefined : { ...peerOf(machine, one.family), id: 'c1/n3', node: 'n3', host: one.family === 'v4' ? '192.0.2.3' : '2001:db8::3', subnets: [subnetOf(3)] }, 'c1/n3'); return;
    case 'kill': await kill(world, one.attaching);
  }
}

async function kill(world: World, attaching: boolean): Promise<void> {
  const interrupted = attaching ? Promise.allSettled(world.requests.map((request) => net.attach(request))) : Promise.resolve();
  await machine.end('SIGKILL');
  net = await machine.start(env);
  // A call that was not sent yet waits for the restart.
  await interrupted;
  if (!attaching) return;
  for (const who of world.requests.keys()) {
    if (world.wanted.has(who)) await net.attach(requestOf(world, who));
    else await net.detach(requestOf(world, who).instanceId);
  }
}

function requestOf(world: World, who: number): AttachRequest {
  const request = world.requests[who];
  if (!request) throw new Error(`no request ${who}`);
  return request;
}

/** What the pure model says that the kernel has. */
async function predicted(world: World, had: ReadonlyMap<string, string>): Promise<[string, string][]> {
  const overlay = new Overlay({ bridge: 'oak0', place: { cluster: 'c1', node: 'n1' }, can: { services: true, guard: true, tunnels: true }, distanceTo: () => undefined });
  overlay.adopt(had);
  overlay.setAddresses({ subnets: [subnetOf(1)], ...ranges });
  for (const { instanceId, name, ipv4, ipv6, ports, network } of await net.list()) overlay.attach({ instanceId, name, ipv4: `${ipv4}/26`, ipv6: `${ipv6}/120`, ports, ...(network && { network }) } satisfies Remembered);
  for (const [id, route] of world.routes) overlay.setRoute(id, route);
  return [...overlay.claims.all()].toSorted();
}

test('whatever happens, in whatever order, killed at any moment: the kernel has what the model says, and nothing at the end', async () => {
  const empty = await predicted(new World(), new Map());
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 14 }), async (steps) => {
    const world = new World();
    for (const one of steps) await take(world, one);
    expect((await net.list()).map(({ instanceId }) => instanceId).toSorted()).toEqual([...world.wanted].map((who) => requestOf(world, who).instanceId).toSorted());
    await vi.waitFor(async () => { const { items } = await kernel.read(); expect([...items].toSorted()).toEqual(await predicted(world, items)); }, { timeout: 10_000, interval: 100 });
    for (const { instanceId } of await net.list()) await net.detach(instanceId);
    for (const id of [...world.routes.keys()]) world.tell(undefined, id);
    await vi.waitFor(async () => { const { items, links } = await kernel.read(); expect([[...items].toSorted(), links]).toEqual([empty, []]); }, { timeout: 10_000, interval: 100 });
  }), { numRuns: 4 });
}, 120_000);
