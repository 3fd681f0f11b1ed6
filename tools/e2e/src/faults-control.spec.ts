import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy, has, install, isRunning, removeService, type Installation } from './installation.ts';

let it: Installation;
/** Two heartbeats of a cluster and a bit; the defaults would make these tests wait for minutes. */
const rootEnv = { OAK_CLUSTER_SILENT_AFTER_MS: '11000', OAK_CLUSTER_LOST_AFTER_MS: '13000' };
beforeAll(async () => { it = await install({ clusters: 2, nodes: 1, env: { 'root-orchestrator': rootEnv } }); }, 120_000);
afterAll(() => it.down(), 60_000);

const nodeOf = { c1: 'c1n1', c2: 'c2n1' } as const;
type ClusterName = keyof typeof nodeOf;
const otherThan = (cluster: ClusterName): ClusterName => (cluster === 'c1' ? 'c2' : 'c1');

/** Pids of an instance's first process on a node: none when it does not run there. */
async function pidsOn(cluster: ClusterName, id: string): Promise<string[]> {
  const { stdout } = await it.lab.exec(nodeOf[cluster], ['ctr', '-a', `${it.lab.dir}/${nodeOf[cluster]}/containerd.sock`, '-n', 'oakestra', 'tasks', 'list']);
  return stdout.split('\n').filter((line) => line.includes(id)).map((line) => line.trim().split(/\s+/)[1] ?? '');
}

/** containerd has no event stream that a test can wait on from here. */
async function untilGoneFrom(cluster: ClusterName, id: string): Promise<void> {
  while ((await pidsOn(cluster, id)).length > 0) await setTimeout(100);
}

describe('cordon', () => {
  const cordon = (path: string, cordoned: unknown) => it.root.ask('PATCH', `/api/nodes/${path}`, { cordoned });

  test('a closed node keeps what it runs and gets nothing new, over a restart of its cluster; opened, it takes what waits', async () => {
    const { root, lab } = it;
    const pinned = { constraints: [{ type: 'clusters', allowed: ['c1'] }] };
    const service = await deploy(root, pinned);
    const first = await root.until(service, 0, isRunning);
    expect(await cordon('c1/c1n1', true)).toMatchObject({ status: 200, body: { cluster: 'c1', name: 'c1n1', cordoned: true } });
    await lab.kill('c1', 'cluster-orchestrator');
    await lab.start('c1', 'cluster-orchestrator');
    await root.deploy(service);
    expect((await root.until(service, 1, has('TargetClusterNoCapacity'))).status_detail).toMatch(/is cordoned/);
    const { nodes } = await root.call<{ nodes: { name: string; cordoned: boolean }[] }>('GET', '/api/nodes?cluster=c1');
    expect(nodes).toMatchObject([{ name: 'c1n1', cordoned: true }]);
    expect(await root.instance(service, 0)).toMatchObject({ id: first.id, status: 'RUNNING', attempt: first.attempt });
    expect((await cordon('c1/c1n1', false)).status).toBe(200);
    await root.until(service, 1, isRunning);
    await removeService(root, service);
  }, 90_000);

  test('who watches nodes hears of it', async () => {
    const stop = new AbortController();
    const stream = it.root.events('type=node', stop.signal);
    await stream.next();
    await cordon('c2/c2n1', true);
    expect((await stream.next()).value).toContain('"cluster":"c2","name":"c2n1","state":"active","cordoned":true');
    stop.abort();
    expect((await cordon('c2/c2n1', false)).status).toBe(200);
  });

  test('what is not there is 404, what is no answer to "closed?" is 422, and each says what', async () => {
    expect(await cordon('c9/n1', true)).toMatchObject({ status: 404, body: { detail: 'cluster c9 does not exist' } });
    expect(await cordon('c1/n9', true)).toMatchObject({ status: 404, body: { detail: 'node c1/n9 does not exist' } });
    expect(await cordon('c1/c1n1', 'yes')).toMatchObject({ status: 422, body: { errors: [{ path: 'cordoned' }] } });
    expect(await cordon('c1/a%20b', true)).toMatchObject({ status: 422, body: { errors: [{ path: 'node' }] } });
  });
});

describe('a nats-server that is killed', () => {
  test.each([['root', 'root-orchestrator'], ['c1', 'cluster-orchestrator']] as const)('on %s: it is started anew, the next deploy works, no workload is touched', async (host, app) => {
    const { root, lab } = it;
    const service = await deploy(root, { constraints: [{ type: 'clusters', allowed: ['c1'] }] });
    const before = await root.until(service, 0, isRunning);
    const pids = await pidsOn('c1', before.id);
    const { pid } = JSON.parse(await readFile(`${lab.dir}/${host}/${app}/nats/nats.pid`, 'utf8')) as { pid: number };
    expect((await lab.exec(host, ['kill', '-9', String(pid)])).exitCode).toBe(0);
    await root.deploy(service);
    await root.until(service, 1, isRunning);
    expect(await pidsOn('c1', before.id)).toEqual(pids);
    expect(await root.instance(service, 0)).toMatchObject({ status: 'RUNNING', attempt: before.attempt, restarts: 0 });
    await removeService(root, service);
  }, 90_000);
});

describe('a cluster that is lost', () => {
  test('cut off: its instance is placed in the other cluster and goes on at home; back again, it runs once', async () => {
    const { root, lab } = it;
    const service = await deploy(root, {});
    const before = await root.until(service, 0, isRunning);
    const home = before.cluster as ClusterName;
    await lab.cut(home);
    const moved = await root.until(service, 0, (one) => isRunning(one) && one.cluster === otherThan(home), 90_000);
    expect(moved.attempt).toBeGreaterThan(before.attempt);
    expect(await pidsOn(home, before.id)).toHaveLength(1);
    await lab.heal(home);
    await untilGoneFrom(home, before.id);
    expect(await pidsOn(otherThan(home), before.id)).toHaveLength(1);
    expect(await root.instance(service, 0)).toMatchObject({ status: 'RUNNING', cluster: otherThan(home), attempt: moved.attempt });
    await removeService(root, service);
  }, 150_000);

  test('nobody else can take it: it stays, says so, and nobody touches it when the cluster is back', async () => {
    const { root, lab } = it;
    const service = await deploy(root, { constraints: [{ type: 'clusters', allowed: ['c1'] }] });
    const before = await root.until(service, 0, isRunning);
    const pids = await pidsOn('c1', before.id);
    const way = `${lab.host('root').address}/32`;
    await lab.exec('c1', ['ip', 'route', 'add', 'blackhole', way]);
    const stranded = await root.until(service, 0, (one) => one.status_detail.includes('is lost'), 90_000);
    expect(stranded).toMatchObject({ status: 'RUNNING', cluster: 'c1', attempt: before.attempt });
    expect(stranded.status_detail).toMatch(/cluster c1 is lost and may still run it; no other cluster can take it: .*not among those allowed/);
    await lab.exec('c1', ['ip', 'route', 'del', 'blackhole', way]);
    await root.until(service, 0, (one) => !one.status_detail.includes('lost'));
    expect(await pidsOn('c1', before.id)).toEqual(pids);
    await removeService(root, service);
  }, 150_000);

  test('switched off for good: what users remove there is forgotten; switched on again, it drops what it had', async () => {
    const { root, lab } = it;
    const removed = await deploy(root, { constraints: [{ type: 'clusters', allowed: ['c2'] }] });
    const kept = await deploy(root, {}, 2);
    const one = await root.until(removed, 0, isRunning);
    const both = [await root.until(kept, 0, isRunning), await root.until(kept, 1, isRunning)];
    await lab.powerOff('c2');
    await lab.powerOff('c2n1');
    await root.until(kept, 0, (instance) => isRunning(instance) && instance.cluster === 'c1', 90_000);
    await root.until(kept, 1, (instance) => isRunning(instance) && instance.cluster === 'c1', 90_000);
    await removeService(root, removed);
    await lab.powerOn('c2n1');
    await lab.powerOn('c2');
    await root.deploy(kept, 1);
    await root.until(kept, 2, isRunning, 90_000);
    for (const { id } of [one, ...both]) await untilGoneFrom('c2', id);
    for (const { id } of both) expect(await pidsOn('c1', id)).toHaveLength(1);
    await removeService(root, kept);
  }, 240_000);
});
