import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bundles, clusterProgram, nodePrograms, rootProgram } from './apps.ts';
import { containerdFile, nodeFile } from './node-files.ts';
import { planTopology } from './topology.ts';

describe('planTopology', () => {
  it('names hosts and gives addresses that can be read', () => {
    const { root, clusters } = planTopology({ clusters: 2, nodes: 2 });
    expect(root).toEqual({ name: 'root', role: 'root', address: '10.200.0.2' });
    expect(clusters.map(({ name, address, nodes }) => [name, address, ...nodes.map((node) => `${node.name} ${node.address}`)])).toEqual([
      ['c1', '10.200.1.1', 'c1n1 10.200.1.2', 'c1n2 10.200.1.3'],
      ['c2', '10.200.2.1', 'c2n1 10.200.2.2', 'c2n2 10.200.2.3'],
    ]);
  });

  it('gives no name and no address twice', () => {
    fc.assert(fc.property(fc.nat(200), fc.nat(200), (clusters, nodes) => {
      const topology = planTopology({ clusters, nodes });
      const hosts = [topology.root, ...topology.clusters.flatMap((cluster) => [cluster, ...cluster.nodes])];
      return new Set(hosts.map(({ name }) => name)).size === hosts.length && new Set(hosts.map(({ address }) => address)).size === hosts.length;
    }), { numRuns: 20 });
  });

  it.each([-1, 1.5, 201, NaN])('refuses %s clusters', (clusters) => {
    expect(() => planTopology({ clusters })).toThrow(`clusters: ${clusters} is not a whole number from 0 to 200`);
  });
});

describe('what programs are told', () => {
  const bundles = new Bundles();
  const { root, clusters: [cluster] } = planTopology({});
  const [node] = cluster?.nodes ?? [];
  if (cluster === undefined || node === undefined) throw new Error('a topology has a node');

  it('fits together: who listens where, and who calls there', () => {
    const below = clusterProgram(bundles, '/lab/c1', cluster, root, '/lab/c1/uplink.creds').env;
    expect(below['OAK_ROOT_LEAF_URL']).toBe(`nats-leaf://${rootProgram(bundles, '/lab/root', root).env['OAK_LEAF_LISTEN']}`);
    const [netManager, nodeEngine] = nodePrograms(bundles, '/lab/c1n1', node, cluster, '/lab/c1n1/node.creds').map(({ env }) => env);
    expect(netManager?.['OAK_CLUSTER_BUS']).toBe(`nats://${cluster.address}:${below['OAK_BUS_LISTEN']?.split(':')[1]}`);
    expect(nodeEngine?.['OAK_NET_SOCKET']).toBe(netManager?.['OAK_NET_SOCKET']);
  });

  it('is the handlers that were asked for, and no unknown one', () => {
    expect(containerdFile('/lab/c1n1', ['runc', 'crun'])).toContain('runtimes.crun.options]\nBinaryName = "crun"');
    expect(containerdFile('/lab/c1n1', ['runc'])).not.toContain('crun');
    expect(() => containerdFile('/lab/c1n1', ['rnc'])).toThrow('the lab knows no runtime rnc; it knows runc, crun, runsc');
  });

  it('is a node file with a mirror only where there is a registry', () => {
    expect(nodeFile({ dir: '/d', cgroupParent: '/p/c1n1' }, { vcpus: 2 })).toBe('cgroup_parent = "/p/c1n1"\nallow_privileged = false\n[capacity]\nvcpus = 2\nmemory_mib = 4096\n');
    expect(nodeFile({ dir: '/d', cgroupParent: '/p', registryUrl: 'http://10.200.0.2:5000' }, {})).toContain('mirrors = ["http://10.200.0.2:5000"]');
  });
});
