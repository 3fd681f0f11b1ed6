import { clusterNodes, type NodeView } from '@oak/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StandInCluster } from '../testing/stand-in-cluster.ts';
import { TestRoot } from '../testing/test-root.ts';

const total = { vcpus: 1, memoryMiB: 1, storageMiB: 0, vgpus: 0 };
const node: NodeView = {
  name: 'n1', state: 'active', cordoned: false, runtimes: [], free: total, instances: 3, subnets: [{ v4: '10.18.0.0/26', v6: 'fc00::/120' }],
  description: { hostname: 'h', arch: 'amd64', kernel: 'k', version: 'v', total, csiDrivers: [], addons: [], labels: { owner: 'somebody' }, address: '192.0.2.7' },
};

let root: TestRoot;
let cluster: StandInCluster;
beforeAll(async () => {
  root = await TestRoot.open();
  cluster = await StandInCluster.join(root.network, 'c1');
  cluster.bus.serve(clusterNodes, ['c1'], () => ({ nodes: [node] }));
});
afterAll(async () => {
  await cluster.leave();
  await root.close();
});

test('where machines are is for those who look after them', async () => {
  const text = async (token: string): Promise<string> => (await root.ask('GET', '/api/nodes', { token })).text;
  const operator = await root.user('operator', ['Infrastructure_Provider']);
  expect(await text(operator.token)).toContain('192.0.2.7');
  const developer = await root.user('developer', ['Application_Provider']);
  const seen = await text(developer.token);
  expect(seen).toContain('"name":"n1"');
  expect(seen).not.toMatch(/192\.0\.2\.7|10\.18|somebody/);
});
