import fc from 'fast-check';
import type { Application, Constraint, Microservice, PortMapping, Sla, Volume } from '../index.ts';
import { printPorts } from '../index.ts';

const name = fc.stringMatching(/^[a-zA-Z0-9]{1,30}$/);
const words = fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 });
const argument = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
const variable = fc.tuple(name, argument).map(([key, value]) => `${key}=${value}`);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const optional: { requiredKeys: 'type'[] } = { requiredKeys: ['type'] };

export const arbitraryPorts: fc.Arbitrary<readonly PortMapping[]> = fc.uniqueArray(
  fc.record({ hostPort: fc.integer({ min: 1, max: 65535 }), targetPort: fc.integer({ min: 1, max: 65535 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const) })
    .filter(({ hostPort, protocol }) => hostPort !== 50103 || protocol !== 'udp'),
  { maxLength: 5, selector: ({ hostPort, protocol }) => `${hostPort}/${protocol}` },
);

const limits = { area: fc.string(), location: fc.string(), threshold: fc.double({ min: 0, max: 1e9, noNaN: true }), rigidness: share, convergence_time: fc.nat(1000) };
const constraint: fc.Arbitrary<Constraint> = fc.oneof(
  fc.record({ type: fc.constant('direct' as const), cluster: name, node: fc.array(name, { maxLength: 3 }).map((names) => names.join(';')) }, optional),
  fc.record({ type: fc.constant('clusters' as const), allowed: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('addons' as const), needs: fc.array(name, { maxLength: 2 }) }),
  fc.record({ type: fc.constant('latency' as const), ...limits }, optional),
  fc.record({ type: fc.constant('geo' as const), ...limits }, optional),
);

const volume: fc.Arbitrary<Volume> = fc.record(
  { volume_id: fc.string({ minLength: 1, maxLength: 12 }), csi_driver: name, mount_path: name.map((path) => `/${path}`), config: fc.dictionary(name, fc.string({ maxLength: 8 }), { maxKeys: 3 }) },
  { requiredKeys: ['volume_id', 'csi_driver'] },
);

const addresses = fc.record({
  rr_ip: fc.option(fc.ipV4(), { nil: '' }), rr_ip_v6: fc.option(fc.ipV6(), { nil: '' }), closest_ip: fc.ipV4(), closest_ip_v6: fc.ipV6(), affinity: fc.constantFrom('none' as const, 'client' as const),
  instances: fc.array(fc.record({ from: fc.string(), to: fc.string(), start: fc.string() }, { requiredKeys: [] }), { maxLength: 2 }),
}, { requiredKeys: [] });

const connection = fc.record({
  target_microservice_id: name,
  con_constraints: fc.array(fc.record({ type: name, threshold: fc.nat(1000), rigidness: share, convergence_time: fc.nat(1000) }), { maxLength: 2 }),
});

/** Unikernels come with one code for each architecture, as the descriptor asks. */
export const arbitraryMicroservice: fc.Arbitrary<Microservice> = fc.record({
  microserviceID: fc.constant(''), microservice_name: name, microservice_namespace: name,
  virtualization: fc.oneof(fc.constantFrom('docker', 'runc', 'runsc', 'unikernel'), name.filter((text) => text !== 'container')),
  code: name.map((text) => `registry.local/${text}:1`),
  arch: fc.subarray(['amd64', 'arm64', 'arm/v7'], { minLength: 1 }),
  memory: fc.nat(16_777_216), vcpus: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1024, noNaN: true })), vgpus: fc.nat(1024), storage: fc.nat(1_073_741_824),
  port: arbitraryPorts.map(printPorts), cmd: fc.array(argument, { maxLength: 3 }), environment: fc.array(variable, { maxLength: 3 }),
  one_shot: fc.boolean(), privileged: fc.boolean(),
  readiness: fc.record({ port: fc.integer({ min: 1, max: 65535 }), path: name.map((path) => `/${path}`) }, { requiredKeys: ['port'] }),
  volumes: fc.array(volume, { maxLength: 2 }), constraints: fc.array(constraint, { maxLength: 3 }), connectivity: fc.array(connection, { maxLength: 2 }),
  vtpus: fc.nat(1024), bandwidth_in: fc.nat(), bandwidth_out: fc.nat(), state: fc.string(), args: words, added_files: words,
  sla_violation_strategy: fc.string(), target_node: fc.string(), vm_images: words, platform: fc.string(), addresses,
}).chain((microservice) => fc.boolean().map((pinned) => (pinned ? microservice : withoutAddresses(microservice))));

function withoutAddresses({ addresses: _, ...rest }: Microservice): Microservice {
  return rest;
}

const application: fc.Arbitrary<Application> = fc.record({
  applicationID: fc.constantFrom('', '64e5d4f9a0b1c2d3e4f50617'), application_name: name, application_namespace: name, application_desc: fc.string(), network_policy: fc.constantFrom('isolated' as const, 'organisation' as const, 'public' as const),
  microservices: fc.uniqueArray(arbitraryMicroservice, { maxLength: 3, selector: (one) => `${one.microservice_name} ${one.microservice_namespace}` }),
});

/** Any valid descriptor, as `parseSla` returns it. */
export const arbitrarySla: fc.Arbitrary<Sla> = fc.record({
  sla_version: fc.constant('v2.0' as const), customerID: fc.string(), args: words,
  applications: fc.uniqueArray(application, { maxLength: 3, selector: (one) => `${one.application_name} ${one.application_namespace}` }),
});
