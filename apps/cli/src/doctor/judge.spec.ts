import { describe, expect, it } from 'vitest';
import { clusterSchema, nodeSchema } from '../root/views.ts';
import { nameNodes } from '../selection/named.ts';
import { AWorld } from '../testing/a-world.ts';
import { deadUrl, rootStandIn } from '../testing/root-stand-in.ts';
import { aCluster, aNode } from '../testing/views.ts';
import { judgeClock, judgeClusters, judgeNodes, judgeRuntimes } from './judge.ts';

const node = (name: string, more: object = {}) => nodeSchema.parse(aNode(`c1/${name}`, more));
const cluster = (name: string, more: object = {}) => clusterSchema.parse(aCluster(name, more));
const broken = { virtualization: 'runsc', healthy: false, reason: 'runsc is not on PATH', route: 'r' };

describe('clocks', () => {
  it.each([
    [10_000, 10_100, 10_200, 'ok'], [10_000, 10_999, 11_000, 'ok'], [10_000, 16_001, 16_002, 'fault'], [20_000, 10_000, 10_100, 'fault'], [10_000, 9_000, 30_000, 'ok'],
  ])('root says %d, asked at %d, heard at %d: %s', (root, asked, heard, verdict) => { expect(judgeClock(root, asked, heard).verdict).toBe(verdict); });
  it('says which way', () => { expect(judgeClock(0, 60_000, 60_010).text).toBe('the clock of root is 59 s behind this one'); });
});

describe('what is judged', () => {
  it.each([
    ['no cluster', judgeClusters([]), 'fault', /credentials cluster NAME/], ['a silent cluster', judgeClusters([cluster('a'), cluster('b', { active: false })]), 'fault', /b is silent/], ['active clusters', judgeClusters([cluster('a')]), 'ok', /^$/],
    ['no node', judgeNodes([], []), 'fault', /credentials node NAME/], ['a cluster that does not say', judgeNodes([], ['c2']), 'fault', /c2 does not say/], ['a lost node', judgeNodes(nameNodes([node('n1', { state: 'lost' })]), []), 'fault', /c1\/n1 is lost/],
    ['no overlay', judgeNodes(nameNodes([node('n1', { overlay: { problem: 'no vxlan', encryption: 'none' } })]), []), 'fault', /no vxlan/], ['a closed node', judgeNodes(nameNodes([node('n1', { cordoned: true })]), []), 'warning', /oak node uncordon c1\/n1/],
    ['a runtime of several', judgeRuntimes(nameNodes([node('n1', { runtimes: [broken, ...node('n1').runtimes] })])), 'warning', /runsc on c1\/n1: runsc is not on PATH/], ['no runtime at all', judgeRuntimes(nameNodes([node('n1', { runtimes: [broken] })])), 'fault', /runsc is not on PATH/],
    ['a node without any', judgeRuntimes(nameNodes([node('n1', { runtimes: [] })])), 'fault', /containerd/], ['runtimes that work', judgeRuntimes(nameNodes([node('n1')])), 'ok', /^$/],
  ])('%s', (_what, finding, verdict, remedy) => {
    expect(finding.verdict).toBe(verdict);
    expect((finding.remedies ?? []).join('\n')).toMatch(remedy);
  });
});

describe('oak doctor', () => {
  it('checks no more than what makes sense, and fails', async () => {
    const place = new AWorld();
    const { exitCode, stdout } = await place.oak(['doctor', '--url', await deadUrl()]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^ 1 {2}ok .*\n 2 {2}fault {6}root reachable: .*nobody listens there\n {6}check the address/);
    expect(stdout.match(/unchecked/g)).toHaveLength(8);
  });

  it('goes on where it can: without a login, clusters are seen', async () => {
    const place = new AWorld();
    const { url } = await rootStandIn({ 'GET /healthz': {}, 'GET /readyz': { status: 503, body: { detail: 'the bus is not connected' } }, 'GET /api/docs': { body: { info: { version: '2' } } }, 'GET /api/clusters': { body: [cluster('a')] } });
    const { exitCode, stdout } = await place.oak(['doctor', '--url', url, '-o', 'json']);
    expect(exitCode).toBe(1);
    expect((JSON.parse(stdout) as { name: string; verdict: string }[]).map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
      'configuration: ok', 'root reachable: ok', 'root ready: fault', 'clocks: fault', 'version: warning', 'login: fault', 'clusters: ok', 'nodes: unchecked', 'runtimes: unchecked', 'instances: unchecked',
    ]);
  });
});
