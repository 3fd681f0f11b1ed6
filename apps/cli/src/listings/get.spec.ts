import { describe, expect, it } from 'vitest';
import { Contexts } from '../contexts/contexts.ts';
import { AWorld } from '../testing/a-world.ts';
import { aToken, rootStandIn } from '../testing/root-stand-in.ts';
import { aCluster, aNode, aService, anInstance } from '../testing/views.ts';

const instances = [anInstance(0, 'RUNNING', { cluster: 'c1', node: 'n1' }), anInstance(1, 'RUNNING', { cluster: 'c2', node: 'n1' }), anInstance(2, 'RUNNING', { cluster: 'c1', node: 'n2' }), anInstance(3, 'REQUESTED')];
const nodes = [aNode('c1/n1'), aNode('c1/n2'), aNode('c1/n30'), aNode('c2/n1'), aNode('c2/n3')];

/** At a root with two clusters; those that are `silent` do not say which nodes they have. */
async function oak(args: readonly string[], silent: readonly string[] = []) {
  const place = new AWorld();
  const { url, asked } = await rootStandIn({
    'GET /api/services': { body: [aService('shop/web', instances)] }, 'GET /api/clusters': { body: [aCluster('c1'), aCluster('c2')] },
    'GET /api/nodes': { body: { nodes: nodes.filter(({ cluster }) => !silent.includes(String(cluster))), unreachable: silent } },
    'PATCH /api/nodes/c1/n2': { body: aNode('c1/n2', { cordoned: true }) },
  });
  new Contexts(place.outside().world).write({ current: 'default', contexts: { default: { url, token: aToken() } } });
  return { ...await place.oak(args), asked };
}
const lines = (stdout: string): string[] => stdout.split('\n').filter((line) => line !== '');

describe('--node and --cluster', () => {
  it.each<[string[], string[]]>([
    [['--node', 'c1/n1'], ['shop/web/0']], [['--node', 'n2'], ['shop/web/2']], [['--node', 'n1', '--cluster', 'c2'], ['shop/web/1']], [['--node', 'n3'], []],
    [['--cluster', 'c1'], ['shop/web/0', 'shop/web/2']], [['--cluster', 'id-c2'], ['shop/web/1']],
  ])('get instances %j', async (options, expected) => {
    const { exitCode, stdout } = await oak(['get', 'instances', '-q', ...options]);
    expect({ exitCode, names: lines(stdout) }).toEqual({ exitCode: 0, names: expected });
  });

  it.each<[string[], string[]]>([[['nodes', '--cluster', 'id-c1'], ['c1/n1', 'c1/n2', 'c1/n30']], [['runtimes', '--cluster', 'c2'], ['c2/n1/runc', 'c2/n3/runc']]])('get %j', async (args, expected) => {
    expect(lines((await oak(['get', '-q', ...args])).stdout)).toEqual(expected);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a node that nobody has', ['instances', '--node', 'n9'], 3, /no node is called "n9"/], ['a cluster that nobody has', ['instances', '--cluster', 'c9'], 3, /no cluster is called "c9"\n {2}there are: c1, c2/],
    ['nodes of a cluster that nobody has', ['nodes', '--cluster', 'c9'], 3, /no cluster is called "c9"/], ['a node of several clusters', ['instances', '--node', 'n1'], 2, /"n1" can mean 2/],
  ])('%s', async (_what, args, exitCode, stderr) => {
    expect(await oak(['get', ...args])).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(stderr) as unknown });
  });

  it('a node of a silent cluster is known by its instances', async () => {
    expect(lines((await oak(['get', 'instances', '-q', '--node', 'c2/n1'], ['c2'])).stdout)).toEqual(['shop/web/1']);
  });

  it('only the cluster that is meant is said to be silent', async () => {
    expect((await oak(['get', 'nodes', '--cluster', 'c1'], ['c2'])).stderr).toBe('');
    expect((await oak(['get', 'nodes', '--cluster', 'c2'], ['c2'])).stderr).toMatch(/cluster c2 does not say which nodes it has/);
  });
});

describe('a node of a silent cluster', () => {
  // c1/n30 answers, and is not meant.
  it.each<[string[], string]>([
    [['get', 'nodes', 'c2/n3'], 'c2/n3'], [['get', 'instances', '--node', 'n3'], 'n3'], [['node', 'describe', 'n3'], 'n3'], [['node', 'cordon', 'n2', 'n3'], 'n3'], [['node', 'uncordon', 'c2/n1'], 'c2/n1'],
  ])('%j fails with 5 and names the cluster', async (args, name) => {
    const { exitCode, stdout, stderr, asked } = await oak(args, ['c2']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toContain(`whether there is a node ${JSON.stringify(name)} is not known: c2 does not say which nodes it has`);
    expect(asked.some(({ method }) => method === 'PATCH')).toBe(false);
  });

  it('does not keep others from being found, or from not being there', async () => {
    expect(await oak(['node', 'cordon', 'n2', '-q'], ['c2'])).toMatchObject({ exitCode: 0, stdout: 'node/c1/n2\n' });
    expect(await oak(['node', 'describe', 'c1/n9'], ['c2'])).toMatchObject({ exitCode: 3 });
    expect(await oak(['node', 'describe', 'c1/n3'], ['c2'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('c1/n30') as unknown });
  });
});
