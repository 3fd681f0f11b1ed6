import { parseMicroservice, type Microservice } from '@oak/sla';
import { arbitraryMicroservice } from '@oak/sla/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demandOf } from './demand.ts';

function microservice(fields: object): Microservice {
  const parsed = parseMicroservice({ microservice_name: 'web', microservice_namespace: 'prod', virtualization: 'container', code: 'nginx', ...fields });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.microservice;
}

test('everything that counts is read', () => {
  const demand = demandOf(microservice({
    arch: ['arm64'], vcpus: 0.5, memory: 64, storage: 10, vgpus: 1, port: '8080:80;53/udp', constraints: [{ type: 'addons', needs: ['builder'] }, { type: 'geo' }],
    volumes: [{ volume_id: 'a', csi_driver: 'nfs' }, { volume_id: 'b', csi_driver: 'nfs' }],
  }), 'node', 'id');
  expect(demand).toEqual({
    tier: 'node', name: 'web.prod', virtualization: 'docker', archs: ['arm64'], privileged: false, resources: { vcpus: 0.5, memoryMiB: 64, storageMiB: 10, vgpus: 1 },
    csiDrivers: ['nfs'], addons: ['builder'], hostPorts: [{ port: 8080, protocol: 'tcp' }, { port: 53, protocol: 'udp' }], pins: undefined, spreadKey: 'id',
  });
});

test.each([['unikernel', 16, 112], ['unikernel', 0, 160], ['runsc', 16, 16], ['runc', 0, 0]])('%s with %i MiB takes %i', (virtualization, memory, memoryMiB) => {
  expect(demandOf(microservice({ virtualization, memory, arch: ['amd64'] }), 'node').resources.memoryMiB).toBe(memoryMiB);
});

describe('pins', () => {
  const direct = (fields: object) => ({ type: 'direct', ...fields });
  test.each([
    ['none', [], undefined, undefined],
    ['a cluster', [direct({ cluster: 'c1' })], ['c1'], undefined],
    ['nodes', [direct({ node: 'a; b;' })], undefined, ['a', 'b']],
    ['both', [direct({ cluster: 'c1', node: 'a' })], ['c1'], ['a']],
    ['empty means any', [direct({ cluster: '', node: ' ' })], undefined, undefined],
    ['a list of clusters', [{ type: 'clusters', allowed: ['c1', 'c2', 'c1'] }], ['c1', 'c2'], undefined],
    ['all constraints hold', [{ type: 'clusters', allowed: ['c1', 'c2'] }, direct({ cluster: 'c2' })], ['c2'], undefined],
    ['contradictions leave nobody', [direct({ cluster: 'c1' }), direct({ cluster: 'c2' })], [], undefined],
  ])('%s', (_, constraints, clusters, nodes) => {
    expect(demandOf(microservice({ constraints }), 'cluster').pins).toEqual(clusters);
    expect(demandOf(microservice({ constraints }), 'node').pins).toEqual(nodes);
  });
});

test('any microservice has a demand that can be stored', () => {
  fc.assert(fc.property(arbitraryMicroservice, fc.constantFrom('cluster' as const, 'node' as const), (any, tier) => {
    const demand = demandOf(any, tier, 'id');
    expect(JSON.parse(JSON.stringify({ ...demand, pins: demand.pins ?? null }))).toEqual({ ...demand, pins: demand.pins ?? null });
  }));
});
