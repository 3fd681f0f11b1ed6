import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as accepted from './examples/accepted.ts';
import * as refused from './examples/refused.ts';
import { parseMicroservice, parseSla } from './parse.ts';
import { printSla } from './print.ts';
import { arbitrarySla } from './testing/arbitrary-sla.ts';

const nginx = { microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'docker', code: 'nginx' };
const paths = (input: unknown): string[] => {
  const parsed = parseSla(input);
  return parsed.ok ? [] : parsed.violations.map(({ path }) => path);
};
const faults = (fields: object): Record<string, string> => {
  const parsed = parseMicroservice({ ...nginx, ...fields });
  return parsed.ok ? {} : Object.fromEntries(parsed.violations.map(({ path, message, remedy }) => [path, `${message}; ${remedy}`]));
};
const warnings = (fields: object) => parseMicroservice({ ...nginx, ...fields }).warnings;

describe('published descriptors', () => {
  test.each(Object.entries(accepted))('%s is accepted', (_, descriptor) => {
    const before = structuredClone(descriptor);
    expect(parseSla(descriptor)).toMatchObject({ ok: true });
    expect(descriptor).toEqual(before);
  });

  test('the gVisor example has no warnings', () => {
    expect(parseSla(accepted.gvisor).warnings).toEqual([]);
  });

  test('fields that nothing evaluates are named', () => {
    expect(parseSla(accepted.everyField).warnings.map(({ path }) => path.replace('applications[0].microservices[0].', ''))).toEqual([
      'bandwidth_in', 'bandwidth_out', 'state', 'added_files', 'constraints[0]', 'constraints[1]', 'connectivity',
    ]);
  });

  test('an older version: all faults at once', () => {
    const at = 'applications[0].microservices[0].';
    expect(paths(refused.oldVersion)).toEqual([
      'sla_version', 'applications[0].application_name', 'applications[0].application_namespace',
      `${at}microserviceID`, `${at}microservice_name`, `${at}microservice_namespace`, `${at}connectivity[0].target_microservice_id`,
    ]);
    expect(parseSla(refused.oldVersion).warnings).toEqual([
      { path: 'api_version', message: 'unknown field, did you mean sla_version?', suggestion: 'sla_version' },
      { path: `${at}bandwith_out`, message: 'unknown field, did you mean bandwidth_out?', suggestion: 'bandwidth_out' },
      expect.objectContaining({ path: `${at}connectivity` }),
      expect.objectContaining({ path: `${at}microserviceID` }),
    ]);
  });

  test.each([
    ['numbersForText', ['application_namespace', 'microservices[0].microservice_name', 'microservices[0].microservice_namespace', 'microservices[0].port']],
    ['untypedConnectivity', ['application_name', 'application_namespace', 'microservices[0].microservice_name', 'microservices[0].microservice_namespace', 'microservices[0].connectivity[0].con_constraints[0].type']],
    ['dottedName', ['microservices[0].microservice_name']],
  ] as const)('%s is refused', (example, expected) => {
    expect(paths(refused[example])).toEqual(expected.map((path) => `applications[0].${path}`));
  });

  test('nothing at all', () => {
    expect(paths(refused.empty)).toEqual(['sla_version', 'applications']);
  });
});

describe('faults say what would be right', () => {
  test.each([
    [{ vcpus: '2' }, 'vcpus', /number.*"2"; write 2 without quotes/],
    [{ vcpus: 0.001 }, 'vcpus', /share of a core/],
    [{ memory: 1.5 }, 'memory', /whole number from 0 to 16777216 MiB/],
    [{ memory: -1 }, 'memory', /from 0/],
    [{ memory: Infinity }, 'memory', /is Infinity/],
    [{ memory: null }, 'memory', /is null.*leave the field out/],
    [{ memory: 2 ** 60 }, 'memory', /16777216/],
    [{ privileged: 'False' }, 'privileged', /true or false, without quotes/],
    [{ port: 80 }, 'port', /write it in quotes: "80"/],
    [{ port: '0' }, 'port', /port 0 does not exist/],
    [{ microservice_name: 'test.special.char' }, 'microservice_name', /for example "testspecialchar"/],
    [{ microservice_name: '…' }, 'microservice_name', /1 to 30 letters/],
    [{ microserviceID: '4' }, 'microserviceID', /must be empty/],
    [{ code: ' ' }, 'code', /name an image/],
    [{ code: 'nginx latest' }, 'code', /remove the spaces/],
    [{ virtualization: '' }, 'virtualization', /runsc/],
    [{ environment: ['A=1', 'B'] }, 'environment[1]', /KEY=value/],
    [{ cmd: 'ls' }, 'cmd', /square brackets/],
    [{ cmd: ['a\0b'] }, 'cmd[0]', /NUL/],
    [{ addresses: { rr_ip: '10.30.0' } }, 'addresses.rr_ip', /IPv4 address, is "10.30.0"; .*10.30.30.30/],
    [{ addresses: { rr_ip_v6: '10.30.0.1' } }, 'addresses.rr_ip_v6', /IPv6/],
    [{ volumes: [{ volume_id: 'a' }] }, 'volumes[0].csi_driver', /is missing/],
    [{ volumes: [{ volume_id: 'a', csi_driver: 'b', mount_path: 'c' }] }, 'volumes[0].mount_path', /absolute/],
    [{ volumes: [{ volume_id: 'a', csi_driver: 'b', config: { c: 1 } }] }, 'volumes[0].config.c', /must be text/],
    [{ constraints: [{ type: 'moon' }] }, 'constraints[0].type', /"moon"; use one of direct, clusters, addons, latency, geo/],
    [{ constraints: [{}] }, 'constraints[0].type', /is missing/],
    [{ constraints: [7] }, 'constraints[0]', /must be a constraint, is 7/],
    [{ constraints: [{ type: 'clusters', allowed: [] }] }, 'constraints[0].allowed', /at least one/],
    [{ virtualization: 'unikernel', arch: ['amd64', 'arm64', 'arm/v7'], code: 'a,b' }, 'code', /2 kernels for 3 architectures/],
    [{ code: 'a -> b' }, 'code', /is "a -> b"; remove the spaces/],
  ])('%j', (fields, path, text) => {
    expect(faults(fields)).toEqual({ [path]: expect.stringMatching(text) as string });
  });

  test('a list without end', () => {
    expect(faults({ cmd: new Array<string>(1e9) })).toMatchObject({ cmd: 'has too many entries; use at most 4096' });
  });

  test('the version', () => {
    const remedies = [undefined, 'v1.0', 'v3', 2].map((sla_version) => {
      const parsed = parseSla({ sla_version, applications: [] });
      return parsed.ok ? undefined : parsed.violations[0]?.remedy;
    });
    expect(remedies).toEqual(['add "sla_version": "v2.0"', 'write "v2.0" and the fields of that version', 'write "sla_version": "v2.0"', 'write "sla_version": "v2.0"']);
  });

  test('twins', () => {
    const application = { application_name: 'a', application_namespace: 'b', microservices: [nginx, { ...nginx, microservice_namespace: 'other' }, { ...nginx, memory: -1 }] };
    expect(paths({ sla_version: 'v2.0', applications: [application, application] })).toEqual([
      'applications[0].microservices[2].memory', 'applications[1].microservices[2].memory',
      'applications[1].application_name', 'applications[0].microservices[2].microservice_name', 'applications[1].microservices[2].microservice_name',
    ]);
  });

  test('values are shortened', () => {
    const parsed = parseMicroservice({ ...nginx, code: ' x'.repeat(1000), port: { a: 1, b: 2 } });
    expect(parsed.ok || parsed.violations.map(({ value }) => value)).toEqual([expect.stringMatching(/^.{80}$/), '{a, b}']);
  });
});

describe('warnings', () => {
  test.each([
    ['vcpu', 'vcpus'], ['VCPUs', 'vcpus'], ['image', 'code'], ['env', 'environment'], ['priviledged', 'privileged'], ['ports', 'port'], ['bandwith_out', 'bandwidth_out'],
  ])('%s suggests %s', (key, suggestion) => {
    expect(warnings({ [key]: 1 })).toEqual([{ path: key, message: `unknown field, did you mean ${suggestion}?`, suggestion }]);
  });

  test('a field unlike any other is only ignored', () => {
    expect(warnings({ somethingElseEntirely: 1 })).toEqual([{ path: 'somethingElseEntirely', message: 'unknown field, ignored' }]);
  });

  test('unknown fields are gone from what is parsed', () => {
    const parsed = parseMicroservice({ ...nginx, vcpu: 4 });
    expect(parsed.ok && parsed.microservice).not.toHaveProperty('vcpu');
  });

  test('a unikernel without arch is taken for amd64, and said', () => {
    const parsed = parseMicroservice({ ...nginx, virtualization: ' unikernel' });
    expect(parsed).toMatchObject({ ok: true, microservice: { arch: ['amd64'], virtualization: 'unikernel' }, warnings: [{ path: 'arch' }] });
  });

  test('an id of an existing microservice is accepted', () => {
    expect(parseMicroservice({ ...nginx, microserviceID: '64e5d4f9a0b1c2d3e4f50617' })).toMatchObject({ ok: true, warnings: [{ path: 'microserviceID' }] });
  });

  test('constraints that are not evaluated', () => {
    expect(warnings({ constraints: [{ type: 'direct', node: 'a;b' }, { type: 'geo', threshold: 5 }] })).toEqual([{ path: 'constraints[1]', message: 'type "geo" is accepted, not evaluated' }]);
  });

  test('their number is bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`unknown${index}`, 1]));
    expect(warnings(many)).toHaveLength(101);
  });
});

describe('hostile input', () => {
  const cyclic: Record<string, unknown> = { sla_version: 'v2.0' };
  cyclic['applications'] = [cyclic];
  cyclic['microservices'] = cyclic['applications'];
  const deep = '['.repeat(5000) + ']'.repeat(5000);
  test.each([
    ['cyclic', cyclic],
    ['deep', { sla_version: 'v2.0', applications: JSON.parse(deep) as unknown }],
    ['throwing getter', Object.defineProperty({}, 'sla_version', { enumerable: true, get: () => { throw new Error('no'); } })],
    ['throwing proxy', new Proxy({}, { ownKeys: () => { throw new Error('no'); } })],
    ['text', 'sla_version: v2.0'], ['list', []], ['null', null], ['nothing', undefined], ['date', new Date(0)], ['function', () => 1], ['symbol', Symbol('s')], ['bigint', 1n],
  ])('%s is refused with a reason', (_, input) => {
    const parsed = parseSla(input);
    expect(parsed.ok || parsed.violations.length).toBeGreaterThan(0);
    expect(() => JSON.stringify(parsed)).not.toThrow();
  });

  test('prototype keys are unknown fields like others and reach nothing', () => {
    const text = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,${JSON.stringify(nginx).slice(1)}`;
    const parsed = parseMicroservice(JSON.parse(text));
    expect(parsed).toMatchObject({ ok: true, warnings: [{ path: '__proto__' }, { path: 'constructor' }, { path: 'hasOwnProperty' }] });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(parsed.ok && (parsed.microservice as { polluted?: number }).polluted).toBeUndefined();
  });

  test('inherited fields are not read', () => {
    expect(parseMicroservice(Object.create(nginx) as unknown)).toMatchObject({ ok: false });
  });

  test('anything gets an answer that can be sent', () => {
    const loose = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true });
    const fields = fc.constantFrom('port', 'code', 'arch', 'cmd', 'volumes', 'constraints', 'addresses', 'virtualization', '__proto__');
    const microservices = fc.oneof(loose, fc.array(fc.dictionary(fields, loose)));
    const near = fc.record({ sla_version: fc.constant('v2.0'), applications: fc.array(fc.record({ application_name: fc.string(), microservices })) });
    fc.assert(fc.property(fc.oneof(loose, fc.jsonValue(), near), (input) => {
      expect(() => JSON.stringify(parseSla(input))).not.toThrow();
    }));
  });
});

test('what is printed is parsed to the same again', () => {
  fc.assert(fc.property(arbitrarySla, (sla) => {
    expect(parseSla(printSla(sla))).toMatchObject({ ok: true, sla });
    expect(parseSla(sla)).toMatchObject({ ok: true, sla });
  }));
});

test('defaults of microservices are not printed', () => {
  const parsed = parseSla(accepted.zeroes);
  expect(parsed.ok && printSla(parsed.sla)).toMatchObject({ applications: [{ microservices: [{ microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'docker', code: 'docker.io/library/nginx:latest', port: '80:80' }] }] });
});
