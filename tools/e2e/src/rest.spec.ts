import type { InstanceView, ServiceView } from '@oak/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, callerImage, callerPort, load } from './callers.ts';
import { install, removeService, type Installation } from './installation.ts';

let it: Installation;
let caller: InstanceView;
const isReady = (instance: InstanceView): boolean => instance.ready;
const micro = (name: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  microservice_name: name, microservice_namespace: 'rest', memory: 50, vcpus: 0.05, virtualization: 'runc', readiness: { port: callerPort }, ...callerImage, environment: [`NAME=${name}`], ...more,
});
const descriptor = (application: string, ...microservices: unknown[]): object => ({ sla_version: 'v2.0', applications: [{ application_name: application, application_namespace: 'rest', microservices }] });

interface WithRollout extends ServiceView { readonly rollout?: { readonly status: string; readonly detail: string; readonly reason?: string }; readonly version: number }
const service = (id: string): Promise<WithRollout> => it.root.call('GET', `/api/service/${id}`);

/** Waits on the event stream until the service is so. */
async function until(id: string, wanted: (service: WithRollout) => boolean): Promise<WithRollout> {
  let last: WithRollout | undefined;
  try {
    for await (const _hint of it.root.events(`service=${id}`, AbortSignal.timeout(90_000))) {
      last = await service(id);
      if (wanted(last)) return last;
    }
  } catch (error) {
    throw new Error(`${String(error)}; it was last: ${JSON.stringify(last?.rollout)} ${JSON.stringify(last?.instance_list.map(({ instance_number, status, status_detail }) => [instance_number, status, status_detail]))}`, { cause: error });
  }
  throw new Error('the stream of events ended');
}
const isDone = ({ rollout, instance_list: all }: WithRollout): boolean => rollout?.status === 'done' && all.every((one) => !one.stopping);

beforeAll(async () => {
  it = await install({ clusters: 1, nodes: 2, env: { 'node-engine': { OAK_DRAIN_MS: '1000' } } });
  const [one] = await it.root.submit(descriptor('calling', micro('caller')));
  await it.root.deploy(one!.microserviceID);
  caller = await it.root.until(one!.microserviceID, 0, isReady);
}, 120_000);
afterAll(() => it.down(), 60_000);

describe('an update', () => {
  test('of a service that is called all the while costs no call, neither by another version nor by another runtime', async () => {
    const [{ microserviceID: id, RR_ip: address }] = await it.root.submit(descriptor('updated', micro('web', { environment: ['NAME=old'] }))) as [ServiceView];
    await it.root.call('PUT', `/api/service/${id}/scale`, { instances: 2 });
    for (const number of [0, 1]) await it.root.until(id, number, isReady);

    const calls = load(it.lab, caller, address, { ms: 20_000, gapMs: 20 });
    await it.root.call('PUT', `/api/service/${id}`, micro('web', { environment: ['NAME=new'] }));
    expect((await until(id, isDone)).instance_list.map(({ instance_number: number }) => number)).toEqual([2, 3]);
    await it.root.call('PUT', `/api/service/${id}`, micro('web', { environment: ['NAME=new'], virtualization: 'crun' }));
    expect((await until(id, isDone)).instance_list.map(({ virtualization }) => virtualization)).toEqual(['crun', 'crun']);
    const { ok, failed } = await calls;
    expect(failed).toEqual([]);
    expect(ok).toBeGreaterThan(100);
    expect(await ask(it.lab, caller, { via: 'tcp', to: address })).toMatchObject({ ok: true, answers: [{ name: 'new' }] });
    await removeService(it.root, id);
  }, 180_000);

  test('that can not come up goes back by itself, and the old one answers all the while', async () => {
    const [{ microserviceID: id, RR_ip: address }] = await it.root.submit(descriptor('broken', micro('web', { environment: ['NAME=good'] }))) as [ServiceView];
    await it.root.deploy(id);
    await it.root.until(id, 0, isReady);
    await it.root.call('PUT', `/api/service/${id}?patience_s=3`, micro('web', { code: 'docker.io/oakestra/nosuchimage:latest' }));
    const back = await until(id, (one) => one.version === 1 && isDone(one));
    expect(back.rollout?.reason).toMatch(/instance 1 of version 2 does not come up/);
    expect(back.instance_list).toMatchObject([{ instance_number: 0, ready: true }]);
    expect(await ask(it.lab, caller, { via: 'tcp', to: address })).toMatchObject({ ok: true, answers: [{ name: 'good' }] });
    await removeService(it.root, id);
  }, 120_000);
});

describe('an update of what has no room twice', () => {
  test('stops the old one first when it is told to, and the port of the node is free for the new one', async () => {
    const pinned = { port: '18080:7000', constraints: [{ type: 'direct', cluster: 'c1', node: 'c1n1' }] };
    const [{ microserviceID: id }] = await it.root.submit(descriptor('pinned', micro('web', { ...pinned, environment: ['NAME=old'] }))) as [ServiceView];
    await it.root.deploy(id);
    await it.root.until(id, 0, isReady);
    await it.root.call('PUT', `/api/service/${id}?order=stop_first`, micro('web', { ...pinned, environment: ['NAME=new'] }));
    expect((await until(id, isDone)).instance_list).toMatchObject([{ instance_number: 1, node: 'c1n1', ready: true }]);
    await removeService(it.root, id);
  }, 120_000);
});

describe('organisations', () => {
  test('are apart in the API and on the network; a policy that changes acts on what runs', async () => {
    const { root, lab } = it;
    const bob = { name: 'bob', password: 'the password of bob' };
    const { _id: user } = await root.call<{ _id: { $oid: string } }>('POST', '/api/auth/register', { ...bob, email: '', roles: [] });
    await root.call('POST', '/api/organization/', { name: 'acme', member: [{ user_id: user.$oid, roles: ['Application_Provider'] }] });
    const { token } = await root.call<{ token: string }>('POST', '/api/auth/login', { username: bob.name, password: bob.password, organization_name: 'acme' });
    const asBob = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(`${root.url}${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) });
      return { status: response.status, body: await response.json() };
    };
    const [made] = (await asBob('POST', '/api/application', descriptor('acmeapp', micro('server')))).body as [{ applicationID: string; microservices: [string] }];
    const [id] = made.microservices;
    expect((await asBob('POST', `/api/service/${id}/instance`)).status).toBe(200);
    await root.until(id, 0, isReady);
    const { RR_ip: address, microserviceID } = await root.service(id);
    const call = () => ask(lab, caller, { via: 'tcp', to: address });
    const called = (ok: boolean) => expect.poll(async () => (await call()).ok, { timeout: 20_000 }).toBe(ok);

    await called(false);
    await root.call('PUT', `/api/application/${made.applicationID}`, { network_policy: 'public' });
    await called(true);
    await root.call('PUT', `/api/application/${made.applicationID}`, { network_policy: 'organisation' });
    await called(false);
    expect(await root.instance(id, 0)).toMatchObject({ ready: true, restarts: 0 });

    const { applicationID } = await root.service((await root.call<{ instances: { service_id: string; id: string }[] }>('GET', '/api/instances')).instances.find((one) => one.id === caller.id)!.service_id);
    expect((await asBob('GET', `/api/application/${applicationID}`)).status).toBe(404);
    await removeService(root, microserviceID);
    await root.call('DELETE', `/api/application/${made.applicationID}`);
  }, 120_000);
});
