import type { Resources } from '@oak/contracts';
import fc from 'fast-check';
import type { Candidate, Fit } from '../candidate.ts';
import type { Demand, HostPort } from '../demand.ts';

/** Few values of each kind, so that demands and candidates often meet. */
const virtualization = fc.constantFrom('docker', 'runsc', 'unikernel');
const arch = fc.constantFrom('amd64', 'arm64');
const port: fc.Arbitrary<HostPort> = fc.record({ port: fc.constantFrom(80, 443), protocol: fc.constantFrom('tcp' as const, 'udp' as const) });
const ports = fc.uniqueArray(port, { maxLength: 2, selector: ({ port: number, protocol }) => `${number}/${protocol}` });
const spreadKey = fc.constantFrom('a', 'b', 'constructor');

const resources = (most: number): fc.Arbitrary<Resources> => fc.record({
  vcpus: fc.integer({ min: 0, max: most * 2 }).map((halves) => halves / 2),
  memoryMiB: fc.integer({ min: 0, max: most }).map((units) => units * 128),
  storageMiB: fc.integer({ min: 0, max: most }), vgpus: fc.integer({ min: 0, max: most }),
});

const fit: fc.Arbitrary<Fit> = fc.record({ virtualization, arch, shapes: fc.array(resources(8), { maxLength: 3 }), allowsPrivileged: fc.boolean() });
const runtime = fc.oneof({ weight: 4, arbitrary: fc.record({ available: fc.constant(true), allowsPrivileged: fc.boolean() }) }, fc.record({ available: fc.constant(false), reason: fc.constantFrom('no shim', 'exit 1') }));
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.boolean());

/** Ids double as names, as they do for nodes and clusters. */
export const arbitraryCandidate = (id: string): fc.Arbitrary<Candidate> => fc.record({
  archs: fc.subarray(['amd64', 'arm64'], { minLength: 1 }),
  runtimes: fc.dictionary(virtualization, runtime),
  total: resources(8), left: fc.double({ min: 0, max: 1, noNaN: true }), fits: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.array(fit, { maxLength: 3 })),
  csiDrivers: fc.subarray(['nfs']), addons: fc.subarray(['builder']), hostPorts: ports, cordoned: rarely, stale: rarely,
  hosts: fc.dictionary(spreadKey, fc.integer({ min: 1, max: 3 })),
}).map(({ left, fits, hostPorts, ...rest }) => ({
  ...rest, id, name: id, ...(fits && { fits }),
  free: { ...rest.total, memoryMiB: Math.floor(rest.total.memoryMiB * left), vcpus: Math.floor(rest.total.vcpus * left) },
  hostPorts: hostPorts.map((taken) => ({ ...taken, by: 'somebody' })),
}));

export const arbitraryCandidates = (most = 12): fc.Arbitrary<Candidate[]> =>
  fc.nat(most).chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => arbitraryCandidate(`n${index}`))));

export const arbitraryDemand: fc.Arbitrary<Demand> = fc.record({
  tier: fc.constantFrom('cluster' as const, 'node' as const), name: fc.constant('web.prod'), virtualization, archs: fc.subarray(['amd64', 'arm64']), privileged: rarely, resources: resources(4),
  csiDrivers: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.constant(['nfs'])), addons: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.constant(['builder'])),
  hostPorts: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, ports), pins: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.subarray(['n1', 'n2', 'n3', 'nobody'])), spreadKey,
});

export const arbitraryRefusals: fc.Arbitrary<ReadonlyMap<string, string>> =
  fc.subarray(['n0', 'n3', 'nobody']).map((ids) => new Map(ids.map((id) => [id, 'no room after all'])));

/** A node on which everything fits, to change in one respect. */
export const roomy = (id: string, changes: Partial<Candidate> = {}): Candidate => ({
  id, name: id, archs: ['amd64'], runtimes: { docker: { available: true }, runc: { available: true } },
  total: { vcpus: 4, memoryMiB: 4096, storageMiB: 10_000, vgpus: 0 }, free: { vcpus: 4, memoryMiB: 4096, storageMiB: 10_000, vgpus: 0 },
  csiDrivers: [], addons: [], hostPorts: [], hosts: {}, cordoned: false, stale: false, ...changes,
});

export const modest = (changes: Partial<Demand> = {}): Demand => ({
  tier: 'node', name: 'web.prod', virtualization: 'docker', archs: [], privileged: false, resources: { vcpus: 1, memoryMiB: 512, storageMiB: 0, vgpus: 0 },
  csiDrivers: [], addons: [], hostPorts: [], pins: undefined, spreadKey: 'web', ...changes,
});
