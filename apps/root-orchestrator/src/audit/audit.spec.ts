import { newId } from '@oak/process';
import { MemoryStore } from '@oak/store/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestRoot } from '../testing/test-root.ts';
import { auditCollection } from './audit-record.ts';
import { Audit } from './audit.ts';

let root: TestRoot;
beforeEach(async () => { root = await TestRoot.open(); });
afterEach(() => root.close());

const entries = async (token: string, query = ''): Promise<unknown[]> => (await root.must<{ entries: unknown[] }>('GET', `/api/audit${query}`, { token })).entries;

test('who wanted to change something is there, whether he could or not; who only looked is not', async () => {
  const bob = await root.user('bob', ['Application_Provider']);
  await root.ask('POST', '/api/auth/login', { body: { username: 'bob', password: 'wrong' } });
  await root.ask('POST', '/api/organization', { token: bob.token, body: { name: 'mine' } });
  await root.ask('GET', '/api/applications/me', { token: bob.token });
  await root.ask('POST', '/api/organization', { body: { name: 'mine' } });
  const admin = await root.admin();
  await root.must('POST', '/api/organization', { token: admin, body: { name: 'acme' } });
  expect(await entries(admin)).toMatchObject([
    { actor: 'bob', method: 'POST', path: '/api/auth/login', status: 200 }, { actor: 'bob', path: '/api/auth/login', status: 401 }, { actor: 'bob', path: '/api/organization', status: 403 },
    { actor: 'Admin', path: '/api/auth/login', status: 200 }, { actor: 'Admin', method: 'POST', path: '/api/organization', status: 200, address: '127.0.0.1' },
  ]);
  expect(await entries(admin, '?actor=bob&last=1')).toMatchObject([{ status: 403 }]);
  expect(await entries(admin, '?limit=2')).toHaveLength(2);
});

test('an Organization_Admin reads of his organisation', async () => {
  const boss = await root.user('boss', ['Organization_Admin'], 'acme');
  await root.must('POST', '/api/organization', { token: await root.admin(), body: { name: 'other' } });
  await root.ask('POST', '/api/auth/register', { token: boss.token, body: {} });
  expect(await entries(boss.token)).toMatchObject([{ actor: 'boss', path: '/api/auth/register', status: 422 }]);
});

test('the oldest go when there are too many', async () => {
  const records = new MemoryStore().collection(auditCollection);
  const audit = new Audit({ records, newId, log: () => undefined });
  for (let at = 0; at < 10_600; at += 1) audit.add({ atMs: at, actor: 'bob', address: '', method: 'PUT', path: '/', status: 200 });
  await audit.settled();
  const count = await records.count();
  expect([count >= 10_000, count < 10_500, (await audit.page({ limit: 1, last: 1 }))[0]?.body.atMs]).toEqual([true, true, 10_599]);
});
