import { arbitrarySla } from '@oak/sla/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applicationSchema, serviceSchema, type Application, type Service } from '../root/views.ts';
import { planApply, type Step } from './compare.ts';
import { checkDocuments, type WantedApplication } from './wanted.ts';

const microservice = { microservice_name: 'web', microservice_namespace: 'ns', virtualization: 'runc', code: 'nginx', memory: 50, addresses: { rr_ip: '10.30.0.9' } };
const wantedOf = (...microservices: object[]): readonly WantedApplication[] =>
  checkDocuments([{ source: 'x', input: { sla_version: 'v2.0', applications: [{ application_name: 'shop', application_namespace: 'ns', microservices }] } }]).applications;

/** What root would show of it: as it was read, with addresses filled in. */
function known(wanted: readonly WantedApplication[]): { applications: Application[]; services: Service[] } {
  return {
    applications: wanted.map(({ name, parsed }) => applicationSchema.parse({ ...parsed, applicationID: name, microservices: [] })),
    services: wanted.flatMap((application) => application.microservices.map(({ name, parsed }) => serviceSchema.parse({
      ...parsed, microserviceID: `${application.name}.${name}`, applicationID: application.name, job_name: `${application.name}.${name}`,
      app_name: application.parsed.application_name, app_ns: application.parsed.application_namespace, instance_list: [],
      addresses: { rr_ip: '10.30.0.1', rr_ip_v6: 'fdff:2000::1', affinity: 'none', ...Object.fromEntries(Object.entries(parsed.addresses ?? {}).filter(([, value]) => value !== '')) },
    }))),
  };
}
const plan = (wanted: readonly WantedApplication[], { applications, services }: ReturnType<typeof known>): Step[] => planApply(wanted, applications, services);

describe('planApply', () => {
  it('creates what root does not have', () => {
    expect(planApply(wantedOf(microservice), [], [])).toMatchObject([{ kind: 'create', application: { name: 'shop.ns' } }]);
  });

  it('adds a microservice to an application that is there', () => {
    const before = known(wantedOf(microservice));
    expect(plan(wantedOf(microservice, { ...microservice, microservice_name: 'db', addresses: {} }), before)).toMatchObject([
      { kind: 'same', noun: 'application' }, { kind: 'same', noun: 'service', name: 'shop/web' }, { kind: 'add', applicationId: 'shop.ns', microservice: { name: 'db.ns' } },
    ]);
  });

  it.each([
    ['memory', { memory: 60 }, 50, 60], ['cmd', { cmd: ['sleep', '1'] }, [], ['sleep', '1']], ['virtualization', { virtualization: 'runsc' }, 'runc', 'runsc'],
    ['addresses.rr_ip', { addresses: { rr_ip: '10.30.0.10' } }, '10.30.0.9', '10.30.0.10'], ['one_shot', { one_shot: true }, false, true],
  ])('tells that %s differs', (field, change, root, file) => {
    const [, step] = plan(wantedOf({ ...microservice, ...change }), known(wantedOf(microservice)));
    expect(step).toMatchObject({ kind: 'changed', name: 'shop/web', changes: [{ field, root, file }] });
  });

  it('does not ask for an address that the file leaves to root', () => {
    expect(plan(wantedOf({ ...microservice, addresses: {} }), known(wantedOf(microservice)))[1]).toMatchObject({ kind: 'same' });
  });

  it.each(['fdff:2000::30', 'FDFF:2000:0:0:0:0:0:30', 'fdff:2000::0.0.0.48'])('takes another spelling of an address, %s, for the same', (spelling) => {
    const asked = (address: string) => wantedOf({ ...microservice, addresses: { rr_ip_v6: address, instances: [{ start: address }] } });
    expect(plan(asked(spelling), known(asked('fdff:2000:0::30')))[1]).toMatchObject({ kind: 'same' });
    expect(plan(asked(spelling), known(asked('fdff:2000::31')))[1]).toMatchObject({ kind: 'changed', changes: [{ field: 'addresses.rr_ip_v6', root: 'fdff:2000::31', file: spelling }, { field: 'addresses.instances' }] });
  });

  it('finds nothing to do after any descriptor was applied', () => {
    fc.assert(fc.property(arbitrarySla, (sla) => {
      const { applications, faults } = checkDocuments([{ source: 'x', input: sla }]);
      fc.pre(faults.length === 0);
      expect(plan(applications, known(applications)).filter(({ kind }) => kind !== 'same')).toEqual([]);
    }), { numRuns: 50 });
  });
});

describe('checkDocuments', () => {
  const wrong = { sla_version: 'v2.0', applications: [{ application_name: 'shop', application_namespace: 'ns', microservices: [{ ...microservice, vcpu: 1, memory: -1 }, { microservice_name: 'b c' }] }] };

  it('names all faults of all documents, and where they are', () => {
    const { faults, warnings } = checkDocuments([{ source: 'a.yaml', input: wrong }, { source: 'b.yaml', input: {} }]);
    const paths = faults.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['a.yaml: applications[0].microservices[0].memory', 'a.yaml: applications[0].microservices[1].microservice_name', 'a.yaml: applications[0].microservices[1].code', 'b.yaml: sla_version', 'b.yaml: applications']));
    expect(warnings).toContainEqual({ path: 'a.yaml: applications[0].microservices[0].vcpu', message: 'unknown field, did you mean vcpus?' });
  });

  it('takes the same application of two documents as one, and a microservice only once', () => {
    const input = { sla_version: 'v2.0', applications: [{ application_name: 'shop', application_namespace: 'ns', microservices: [microservice] }] };
    const { applications, faults } = checkDocuments([{ source: 'a', input }, { source: 'b', input }]);
    expect(applications).toHaveLength(1);
    expect(faults).toMatchObject([{ path: 'b: applications[0].microservices[0]', message: 'microservice web.ns stands at a: applications[0].microservices[0] already' }]);
  });
});
