import type { InstanceSpec } from '@oak/contracts';
import type { MemoryDisk } from '@oak/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StandInCluster } from '../testing/stand-in-cluster.ts';
import { descriptor, TestRoot, type Asked } from '../testing/test-root.ts';

interface Instance { instance_number: number; status: string; ready: boolean; version: number; stopping: boolean }
interface Service { version: number; code: string; instances_wished: number | null; rollout?: { status: string; detail: string; reason?: string; from: number; to: number }; instance_list: Instance[] }
const image = (tag: string): string => `docker.io/library/web:${tag}`;
const web = (tag: string, more: object = {}): object => ({ microservice_name: 'web', microservice_namespace: 'test', virtualization: 'docker', code: image(tag), memory: 10, vcpus: 1, ...more });

let root: TestRoot;
let cluster: StandInCluster;
let token: string;
let id: string;
beforeEach(async () => {
  root = await TestRoot.open();
  cluster = await StandInCluster.join(root.network, 'c1');
  token = await root.admin();
  const [application] = await root.must<{ microservices: string[] }[]>('POST', '/api/application', { token, body: descriptor('shop', [web('1') as Record<string, unknown>]) });
  id = application?.microservices[0] ?? '';
});
afterEach(async () => {
  await cluster.leave();
  await root.close();
});

const ask = (method: string, path: string, asked: Asked = {}) => root.ask(method, `/api/service/${id}${path}`, { token, ...asked });
const service = () => root.must<Service>('GET', `/api/service/${id}`, { token });
const running = (tag: string): InstanceSpec[] => [...cluster.assigned.values()].filter(({ microservice }) => microservice.code === image(tag)).sort((a, b) => a.instanceNumber - b.instanceNumber);
const assigned = (tag: string) => expect.poll(() => running(tag).length);
const status = () => expect.poll(async () => (await service()).rollout?.status);
async function deploy(count: number): Promise<void> {
  await ask('POST', '/instance', { body: { count } });
  await assigned('1').toBe(count);
  for (const spec of running('1')) cluster.report(spec, 'RUNNING');
  await expect.poll(async () => (await service()).instance_list.every(({ ready }) => ready)).toBe(true);
}

describe('a wished count', () => {
  test('is reached, kept, and lowered', async () => {
    await root.must('PUT', `/api/service/${id}/scale`, { token, body: { instances: 3 } });
    await assigned('1').toBe(3);
    for (const spec of running('1')) cluster.report(spec, 'RUNNING');
    await root.must('PUT', `/api/service/${id}/scale`, { token, body: { instances: 1 } });
    await assigned('1').toBe(1);
    expect(running('1').map(({ instanceNumber }) => instanceNumber)).toEqual([0]);
    expect(await service()).toMatchObject({ instances_wished: 1 });
  });

  test('goes along with what is made and removed by hand, and is given up by null', async () => {
    await ask('PUT', '/scale', { body: { instances: 2 } });
    await assigned('1').toBe(2);
    await ask('POST', '/instance', { body: { count: 2 } });
    await assigned('1').toBe(4);
    await ask('DELETE', '/instance/1');
    await assigned('1').toBe(3);
    expect(await service()).toMatchObject({ instances_wished: 3, instance_list: [{ instance_number: 0 }, { instance_number: 2 }, { instance_number: 3 }] });
    await ask('DELETE', '/instance/-1');
    await assigned('1').toBe(0);
    expect(await service()).toMatchObject({ instances_wished: 0 });
    await ask('PUT', '/scale', { body: { instances: null } });
    expect(await service()).toMatchObject({ instances_wished: null });
  });

  test.each([[{ instances: -1 }], [{ instances: 1.5 }], [{ instances: 10_001 }], [{}], [{ instances: 1, more: 1 }]])('%j is refused', async (body) => {
    expect((await ask('PUT', '/scale', { body })).status).toBe(422);
  });

  test('a dry run and a stale If-Match change nothing', async () => {
    expect((await ask('PUT', '/scale?dryRun', { body: { instances: 3 } })).body).toMatchObject({ dry_run: true, instances: 0, instances_wished: 3 });
    const { etag } = (await ask('GET', '')).headers;
    expect((await ask('PUT', '/scale', { body: { instances: 1 }, headers: { 'if-match': String(etag) } })).status).toBe(200);
    expect((await ask('PUT', '/scale', { body: { instances: 2 }, headers: { 'if-match': String(etag) } })).status).toBe(412);
    expect((await ask('DELETE', '', { headers: { 'if-match': String(etag) } })).status).toBe(412);
    expect(await service()).toMatchObject({ instances_wished: 1 });
  });
});

describe('an update', () => {
  test('replaces one after the other: the new one answers before the old one goes', async () => {
    await deploy(2);
    expect((await ask('PUT', '', { body: web('2') })).body).toMatchObject({ version: 2, rollout: { from: 1, to: 2, status: 'going' } });
    for (const left of [1, 0]) {
      await assigned('2').toBe(2 - left);
      expect(running('1')).toHaveLength(left + 1);
      cluster.report(running('2').at(-1)!, 'RUNNING', { ready: false });
      cluster.report(running('2').at(-1)!, 'RUNNING', { ready: true });
      await assigned('1').toBe(left);
    }
    await status().toBe('done');
    expect(await service()).toMatchObject({ version: 2, code: image('2'), instance_list: [{ instance_number: 2, version: 2 }, { instance_number: 3, version: 2 }] });
  });

  test('takes another runtime in the same way, and its address stays', async () => {
    await deploy(1);
    const before = await root.must<Record<string, unknown>>('GET', `/api/service/${id}`, { token });
    await ask('PUT', '', { body: { sla_version: 'v2.0', applications: [{ application_name: 'shop', application_namespace: 'test', microservices: [web('1', { virtualization: 'runsc' })] }] } });
    const after = await root.must<Record<string, unknown>>('GET', `/api/service/${id}`, { token });
    expect([after['virtualization'], after['RR_ip']]).toEqual(['runsc', before['RR_ip']]);
    expect(running('1').map(({ microservice }) => microservice.virtualization)).toEqual(['docker']);
  });

  test('of what has no room twice: the old one goes first, and the new one is offered again when it has gone', async () => {
    await deploy(1);
    cluster.isSlow = true;
    await ask('PUT', '?order=stop_first', { body: web('2') });
    await assigned('2').toBe(1);
    const [rising] = running('2');
    // As a cluster says it whose only node has the port in use, before the old one has gone.
    cluster.assigned.delete(rising!.id);
    await cluster.handBack(rising!, 'the port is taken');
    await assigned('1').toBe(0);
    expect(running('2')).toEqual([]);
    cluster.letGo();
    await assigned('2').toBe(1);
    cluster.report(running('2')[0]!, 'RUNNING');
    await status().toBe('done');
  });

  test('and also when the old one went while the cluster still thought', async () => {
    await deploy(1);
    await ask('PUT', '?order=stop_first', { body: web('2') });
    await assigned('2').toBe(1);
    const [rising] = running('2');
    await assigned('1').toBe(0);
    await expect.poll(async () => (await service()).instance_list.length).toBe(1);
    cluster.assigned.delete(rising!.id);
    await cluster.handBack(rising!, 'the port was taken');
    await assigned('2').toBe(1);
  });

  test('that does not come up goes back by itself, and who served goes on', async () => {
    await deploy(2);
    await ask('PUT', '', { body: web('broken') });
    await assigned('broken').toBe(1);
    cluster.report(running('broken')[0]!, 'FAILED', { detail: 'no such image', restarts: 3 });
    await assigned('broken').toBe(0);
    await status().toBe('done');
    expect(await service()).toMatchObject({ version: 1, code: image('1'), rollout: { from: 2, to: 1, reason: expect.stringContaining('no such image') as string }, instance_list: [{ instance_number: 0 }, { instance_number: 1 }] });
    expect(root.log.join()).toContain('shop.test.web.test');
  });

  test('that is not to go back stops where it is', async () => {
    await deploy(1);
    await ask('PUT', '?on_failure=stop&patience_s=5', { body: web('2') });
    await assigned('2').toBe(1);
    await root.clock.advance(5_001);
    await status().toBe('failed');
    expect([running('1').length, running('2').length]).toEqual([1, 1]);
    await ask('POST', '/rollback');
    await assigned('2').toBe(0);
    await status().toBe('done');
    expect(running('1')).toHaveLength(1);
  });

  test('by hand back to any version that is kept', async () => {
    await deploy(1);
    for (const tag of ['2', '3']) await ask('PUT', '', { body: web(tag) });
    expect((await ask('GET', '/versions')).body).toMatchObject([{ version: 1, current: false, microservice: { code: image('1') } }, { version: 2 }, { version: 3, current: true }]);
    expect([(await ask('POST', '/rollback', { body: { version: 9 } })).status, (await ask('POST', '/rollback', { body: { version: 3 } })).status]).toEqual([404, 409]);
    expect((await ask('POST', '/rollback', { body: { version: 1 } })).body).toMatchObject({ version: 1 });
    await status().toBe('done');
    expect(running('1').map(({ instanceNumber }) => instanceNumber)).toEqual([0]);
  });

  test('old versions that nobody runs are forgotten, those in use are not', async () => {
    await deploy(1);
    for (let tag = 2; tag <= 16; tag += 1) await ask('PUT', '', { body: web(String(tag)) });
    await expect.poll(async () => ((await ask('GET', '/versions')).body as { version: number }[]).map(({ version }) => version)).toEqual([1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(running('1')).toHaveLength(1);
  });

  test.each<[string, object]>([['name', { microservice_name: 'other' }], ['namespace', { microservice_namespace: 'other' }], ['addresses', { addresses: { rr_ip: '10.30.9.9' } }], ['code', { code: '' }]])('of its %s is refused', async (field, more) => {
    const { status: code, text } = await ask('PUT', '', { body: web('2', more) });
    expect([code, text]).toEqual([422, expect.stringContaining(field)]);
    expect(await service()).toMatchObject({ version: 1 });
  });

  test('may name the address that was chosen for it', async () => {
    const { RR_ip: address } = await root.must<{ RR_ip: string }>('GET', `/api/service/${id}`, { token });
    expect((await ask('PUT', '', { body: web('1', { addresses: { rr_ip: address, rr_ip_v6: '' } }) })).body).toMatchObject({ version: 1, message: 'Nothing changes' });
    expect((await ask('PUT', '', { body: web('2', { addresses: { rr_ip: address } }) })).body).toMatchObject({ version: 2 });
  });

  test('to what it is already, a dry run, and one that was thought out for another state change nothing', async () => {
    const { etag } = (await ask('GET', '')).headers;
    expect((await ask('PUT', '', { body: web('1') })).body).toMatchObject({ message: 'Nothing changes', version: 1 });
    expect((await ask('PUT', '?dryRun=true', { body: web('2') })).body).toMatchObject({ dry_run: true, version: 2 });
    expect(await service()).toMatchObject({ version: 1 });
    expect((await ask('PUT', '', { body: web('2'), headers: { 'if-match': String(etag) } })).status).toBe(200);
    expect((await ask('PUT', '', { body: web('3'), headers: { 'if-match': String(etag) } })).status).toBe(412);
  });

  test('goes on after a restart of root; instances of the old version are told to their cluster as they are', async () => {
    const disk: MemoryDisk = new Map();
    const first = await TestRoot.open({ disk });
    const there = await StandInCluster.join(first.network, 'c1');
    const admin = await first.admin();
    const [application] = await first.must<{ microservices: string[] }[]>('POST', '/api/application', { token: admin, body: descriptor('shop', [web('1') as Record<string, unknown>]) });
    const path = `/api/service/${application?.microservices[0] ?? ''}`;
    await first.must('POST', `${path}/instance`, { token: admin });
    await expect.poll(() => there.assigned.size).toBe(1);
    there.report(there.spec('web'), 'RUNNING');
    await expect.poll(async () => (await first.must<Service>('GET', path, { token: admin })).instance_list[0]?.ready).toBe(true);
    await first.must('PUT', path, { token: admin, body: web('2') });
    await expect.poll(() => there.assigned.size).toBe(2);
    await there.leave();
    await first.close();

    const second = await TestRoot.open({ disk, state: first.state });
    const again = await StandInCluster.join(second.network, 'c1');
    expect([...again.assigned.values()].map(({ microservice }) => microservice.code).sort()).toEqual([image('1'), image('2')]);
    again.report(again.spec('web', 1), 'RUNNING');
    await expect.poll(() => again.assigned.size).toBe(1);
    expect(again.spec('web').microservice.code).toBe(image('2'));
    await again.leave();
    await second.close();
  });
});

test('who may call an application is changed for what runs, which goes on', async () => {
  await deploy(1);
  const [before] = running('1');
  const { applicationID } = await root.must<{ applicationID: string }>('GET', `/api/service/${id}`, { token });
  await root.must('PUT', `/api/application/${applicationID}`, { token, body: { network_policy: 'public' } });
  await expect.poll(() => running('1')[0]?.network?.policy).toBe('public');
  expect(running('1')[0]).toMatchObject({ id: before?.id, microservice: before?.microservice });
  expect(running('1')[0]!.attempt).toBeGreaterThan(before!.attempt);
  expect(cluster.withdrawn).toEqual([]);
  expect(await service()).toMatchObject({ instance_list: [{ status: 'RUNNING', ready: true }] });
});
