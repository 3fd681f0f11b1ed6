import type { MemoryDisk } from '@oak/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StandInCluster } from '../testing/stand-in-cluster.ts';
import { descriptor, TestRoot } from '../testing/test-root.ts';
import { sharedWith } from './shared-with.ts';

let root: TestRoot;
let admin: string;
beforeEach(async () => {
  root = await TestRoot.open();
  admin = await root.admin();
});
afterEach(() => root.close());

interface Application { applicationID: string; application_name: string; microservices: string[] }
async function submit(token: string, name: string): Promise<{ application: string; service: string }> {
  const all = await root.must<Application[]>('POST', '/api/application', { token, body: descriptor(name) });
  const made = all.find((one) => one.application_name === name);
  return { application: made?.applicationID ?? '', service: made?.microservices[0] ?? '' };
}

/** Everything by which somebody might reach an application of others. */
const ways = ({ application, service }: { application: string; service: string }): [string, string, unknown?][] => [
  ['GET', `/api/application/${application}`], ['PUT', `/api/application/${application}`, {}], ['DELETE', `/api/application/${application}`],
  ['GET', `/api/services/${application}`], ['GET', `/api/service/${service}`], ['DELETE', `/api/service/${service}`],
  ['POST', `/api/service/${service}/instance`, {}], ['GET', `/api/service/${service}/instance/0`], ['DELETE', `/api/service/${service}/instance/0`],
  ['GET', `/api/service/${service}/instance/0/explain`], ['GET', `/api/service/${service}/instance/0/logs`],
  ['POST', '/api/service', { ...descriptor('x', [{ microservice_name: 'more' }], { applicationID: application }) }],
];
const statuses = (token: string, of: { application: string; service: string }): Promise<number[]> => Promise.all(ways(of).map(async ([method, path, body]) => (await root.ask(method, path, { token, body })).status));

describe('an organisation', () => {
  test('is all that its members see of applications, and they share them', async () => {
    const [ann, bob] = [await root.user('ann', ['Application_Provider'], 'acme'), await root.user('bob', ['Application_Provider'], 'acme')];
    const eve = await root.user('eve', ['Application_Provider', 'Organization_Admin', 'Infrastructure_Provider'], 'evil');
    const app = await submit(ann.token, 'app');
    await root.must('POST', `/api/service/${app.service}/instance`, { token: bob.token });
    expect([...new Set(await statuses(eve.token, app))]).toEqual([404]);
    const listed = async (token: string, path: string): Promise<number> => (await root.must<unknown[]>('GET', path, { token })).length;
    expect([await listed(bob.token, '/api/applications/me'), await listed(eve.token, '/api/applications/me'), await listed(eve.token, '/api/applications'), await listed(eve.token, '/api/services')]).toEqual([1, 0, 0, 0]);
    expect(await root.must('GET', '/api/instances', { token: eve.token })).toEqual({ instances: [], next: null });
    const id = (await root.must<{ instances: { id: string }[] }>('GET', '/api/instances', { token: admin })).instances[0]?.id ?? '';
    expect((await root.ask('GET', `/api/net/trace?from=${id}&to=x`, { token: eve.token })).status).toBe(404);
    await root.must('DELETE', `/api/application/${app.application}`, { token: bob.token });
  });

  test('root is where users begin who need not know each other: each has his own', async () => {
    const [ann, bob, boss] = [await root.user('ann', ['Application_Provider']), await root.user('bob', ['Application_Provider']), await root.user('boss', ['Organization_Admin'])];
    const app = await submit(ann.token, 'app');
    expect([...new Set(await statuses(bob.token, app))]).toEqual([404]);
    expect(await root.must('GET', '/api/applications', { token: boss.token })).toHaveLength(1);
    expect((await root.ask('GET', '/api/applications', { token: ann.token })).status).toBe(403);
  });

  test('is what the overlay knows: whoever shares may call', async () => {
    const cluster = await StandInCluster.join(root.network, 'c1');
    const [ann, bob] = [await root.user('ann', ['Application_Provider'], 'acme'), await root.user('bob', ['Application_Provider'])];
    for (const [user, name] of [[ann, 'one'], [bob, 'two']] as const) {
      const { service } = await submit(user.token, name);
      await root.must('POST', `/api/service/${service}/instance`, { token: user.token });
    }
    await expect.poll(() => cluster.assigned.size).toBe(2);
    const acme = (await root.people.organisations.named('acme'))?.id;
    expect([...cluster.assigned.values()].map(({ network }) => network?.organisation).sort()).toEqual([acme, 'owner:bob'].sort());
    await cluster.leave();
  });

  test('a user named as an organisation is not taken for it', () => {
    expect(sharedWith({ owner: 'f'.repeat(24), organisation: '000000000000000000000001' })).not.toBe(sharedWith({ owner: 'x', organisation: 'f'.repeat(24) }));
  });
});

describe('the record of an organisation', () => {
  const create = async (name: string, member: object[] = []): Promise<string> => JSON.parse((await root.ask('POST', '/api/organization', { token: admin, body: { name, member } })).text) as string;

  test('a change leaves alone what it does not name', async () => {
    const bob = await root.user('bob', []);
    const id = await create('acme', [{ user_id: bob.id, roles: ['Application_Provider'] }]);
    await root.must('PUT', `/api/organization/${id}`, { token: admin, body: { name: 'acme2', member: null } });
    expect(await root.must('GET', `/api/organization/${id}`, { token: admin })).toEqual({ _id: { $oid: id }, name: 'acme2', member: [{ user_id: bob.id, roles: ['Application_Provider'] }] });
    await root.must('PUT', `/api/organization/${id}`, { token: admin, body: { member: [] } });
    expect(await root.must('GET', `/api/organization/${id}`, { token: admin })).toMatchObject({ name: 'acme2', member: [] });
  });

  test('what can not be is refused: a name twice, a member who does not exist, an end of root, applications without a home', async () => {
    const id = await create('acme');
    const status = async (method: string, path: string, body?: unknown): Promise<number> => (await root.ask(method, path, { token: admin, body })).status;
    expect([await status('POST', '/api/organization', { name: 'acme' }), await status('PUT', `/api/organization/${id}`, { name: 'root' }), await status('PUT', `/api/organization/${id}`, { member: [{ user_id: 'f'.repeat(24) }] })]).toEqual([409, 409, 422]);
    expect([await status('DELETE', '/api/organization/000000000000000000000001'), await status('PUT', '/api/organization/000000000000000000000001', { name: 'other' }), await status('PUT', '/api/organization/000000000000000000000001', { member: [] })]).toEqual([409, 409, 409]);
    const ann = await root.user('ann', ['Application_Provider'], 'acme');
    const { application } = await submit(ann.token, 'app');
    expect(await status('DELETE', `/api/organization/${id}`)).toBe(409);
    await root.must('DELETE', `/api/application/${application}`, { token: ann.token });
    expect([await status('DELETE', `/api/organization/${id}`), await status('DELETE', `/api/organization/${id}`), (await root.ask('GET', '/api/user/ann', { token: ann.token })).status]).toEqual([200, 404, 200]);
  });

  test('an Organization_Admin changes roles of his members, and sees no other', async () => {
    const [boss, bob, eve] = [await root.user('boss', ['Organization_Admin'], 'acme'), await root.user('bob', [], 'acme'), await root.user('eve', [])];
    const id = (await root.people.organisations.named('acme'))?.id ?? '';
    const put = async (member: object[], at = id): Promise<number> => (await root.ask('PUT', `/api/organization/${at}`, { token: boss.token, body: { member } })).status;
    const self = { user_id: boss.id, roles: ['Organization_Admin'] };
    expect([await put([self, { user_id: bob.id, roles: ['Application_Provider'] }]), await put([self, { user_id: bob.id, roles: ['Admin'] }]), await put([self, { user_id: eve.id, roles: [] }]), await put([], '000000000000000000000001')]).toEqual([200, 403, 403, 404]);
    expect(await root.must<unknown[]>('GET', '/api/organization', { token: boss.token })).toHaveLength(1);
    expect((await root.ask('GET', '/api/users/000000000000000000000001', { token: boss.token })).status).toBe(404);
  });
});

describe('an installation of before there were organisations', () => {
  test('its Admin has all roles, and its applications are where they were', async () => {
    const disk: MemoryDisk = new Map();
    const first = await TestRoot.open({ disk });
    const token = await first.admin();
    await first.must('POST', '/api/application', { token, body: descriptor('app') });
    disk.delete('organisations');
    await first.close();
    const second = await TestRoot.open({ disk, state: first.state });
    expect(await second.must('GET', '/api/applications', { token: await second.admin() })).toHaveLength(1);
    await second.close();
  });
});
