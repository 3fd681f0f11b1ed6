import { afterEach, beforeEach, expect, test } from 'vitest';
import { descriptor, TestRoot } from '../testing/test-root.ts';

let root: TestRoot;
let token: string;
beforeEach(async () => {
  root = await TestRoot.open();
  token = await root.admin();
});
afterEach(() => root.close());

const submit = (key: string, name: string, by = token) => root.ask('POST', '/api/application', { token: by, body: descriptor(name), headers: { 'idempotency-key': key } });
const count = async (): Promise<number> => (await root.root.applications.list()).length;

test('a request that comes again is not done again, and has the same answer', async () => {
  const [first, second] = [await submit('k', 'one'), await submit('k', 'one')];
  expect([second.status, second.body, second.headers['idempotent-replayed'], await count()]).toEqual([first.status, first.body, 'true', 1]);
  expect((await submit('k', 'two')).status).toBe(422);
  expect((await submit('other', 'two')).status).toBe(200);
});

test('at the same time, one is done', async () => {
  const service = ((await root.must<{ microservices: string[] }[]>('POST', '/api/application', { token, body: descriptor('app') }))[0]?.microservices ?? [])[0] ?? '';
  const deploys = await Promise.all(Array.from({ length: 10 }, () => root.ask('POST', `/api/service/${service}/instance`, { token, headers: { 'idempotency-key': 'k' } })));
  expect(deploys.every(({ status }) => status === 200 || status === 409)).toBe(true);
  expect(deploys.filter(({ status, headers }) => status === 200 && headers['idempotent-replayed'] === undefined)).toHaveLength(1);
  expect(await root.root.instances.of(service)).toHaveLength(1);
});

test('what was refused may be tried again, others have keys of their own, and a day later it is forgotten', async () => {
  expect([(await submit('k', 'not a name')).status, (await submit('k', 'one')).status]).toEqual([422, 200]);
  const bob = await root.user('bob', ['Application_Provider']);
  expect((await submit('k', 'bobs', bob.token)).status).toBe(200);
  root.clock.jump(24 * 3_600_000);
  await root.must('POST', '/api/user/Admin', { token: token = await root.admin(), body: { oldPassword: root.credentials.password, newPassword: 'another one' } });
  expect((await submit('k', 'one')).status).toBe(409);
});
