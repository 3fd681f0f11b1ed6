import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy, has, install, isRunning, removeService, type Installation } from './installation.ts';

let it: Installation;
beforeAll(async () => { it = await install({ clusters: 2, nodes: 1 }); }, 120_000);
afterAll(() => it.down(), 60_000);

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
