import type { MemoryDisk } from '@oak/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRoot } from '../testing/test-root.ts';
import { credentialsFile } from '../users/users.ts';

let root: TestRoot;
beforeEach(async () => { root = await TestRoot.open(); });
afterEach(() => root.close());

const hourMs = 3_600_000;
const isIn = async (token: string): Promise<boolean> => (await root.ask('GET', '/api/tokens', { token })).status === 200;
const refresh = (token: string) => root.ask('POST', '/api/auth/refresh', { token });

describe('a login', () => {
  test('lasts ten minutes, and is renewed by its refresh token', async () => {
    const { token, refresh_token: first } = await root.pair(root.credentials.username, root.credentials.password);
    root.clock.jump(11 * 60_000);
    expect(await isIn(token)).toBe(false);
    const { body } = await refresh(first);
    expect(await isIn((body as { token: string }).token)).toBe(true);
  });

  test('a client that does not take the new refresh token goes on with the old one', async () => {
    const { refresh_token: first } = await root.pair(root.credentials.username, root.credentials.password);
    for (let times = 0; times < 3; times += 1) expect((await refresh(first)).status).toBe(200);
  });

  test('two programs that renew it at the same time both go on, until one is ahead', async () => {
    const { refresh_token: first } = await root.pair(root.credentials.username, root.credentials.password);
    const [one, other] = [await refresh(first), await refresh(first)].map(({ body }) => (body as { refresh_token: string }).refresh_token);
    expect((await refresh(one ?? '')).status).toBe(200);
    expect((await refresh(other ?? '')).status).toBe(401);
  });

  test('a refresh token that was replaced and is shown again ends it for both who know it', async () => {
    const { refresh_token: first } = await root.pair(root.credentials.username, root.credentials.password);
    const { refresh_token: second } = (await refresh(first)).body as { refresh_token: string };
    const { token, refresh_token: third } = (await refresh(second)).body as { token: string; refresh_token: string };
    expect(await isIn(token)).toBe(true);
    expect((await refresh(first)).status).toBe(401);
    expect(root.log.join()).toContain('somebody else may have it');
    expect([await isIn(token), (await refresh(third)).status, (await refresh(second)).status]).toEqual([false, 401, 401]);
  });

  test('ends at once when it is logged out, and others of the same user go on', async () => {
    const [one, other] = [await root.pair(root.credentials.username, root.credentials.password), await root.admin()];
    await root.must('POST', '/api/auth/logout', { token: one.token });
    expect([await isIn(one.token), (await refresh(one.refresh_token)).status, await isIn(other)]).toEqual([false, 401, true]);
  });

  test('is for the organisation that is named, else for one that the user belongs to', async () => {
    const ann = await root.user('ann', ['Application_Provider'], 'acme');
    const organisationOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as unknown;
    expect(organisationOf(await root.login('ann', ann.password))).toMatchObject({ sub: 'ann', user: 'ann', organization_name: 'acme', roles: ['Application_Provider'], type: 'access' });
    expect(organisationOf(await root.login('ann', ann.password, 'root'))).toMatchObject({ organization_name: 'root', roles: [] });
    expect((await root.ask('POST', '/api/auth/login', { body: { username: 'ann', password: ann.password, organization_name: 'nowhere' } })).status).toBe(404);
    expect((await root.ask('POST', '/api/auth/login', { body: { username: 'ann', password: 'wrong', organization_name: 'nowhere' } })).status).toBe(401);
  });
});

describe('what is taken away is gone at once, and what is given is there', () => {
  test('a role, by the token that was there before', async () => {
    const admin = await root.admin();
    const bob = await root.user('bob', []);
    const listing = async (): Promise<number> => (await root.ask('GET', '/api/users', { token: bob.token })).status;
    expect(await listing()).toBe(403);
    await root.must('PUT', '/api/user/bob', { token: admin, body: { roles: ['Organization_Admin'] } });
    expect(await listing()).toBe(200);
    await root.must('PUT', '/api/user/bob', { token: admin, body: { roles: ['Application_Provider'] } });
    expect(await listing()).toBe(403);
  });

  test('an account; a new one of the same name does not inherit its tokens', async () => {
    const admin = await root.admin();
    const bob = await root.user('bob', ['Application_Provider']);
    await root.must('DELETE', '/api/user/bob', { token: admin });
    expect(await isIn(bob.token)).toBe(false);
    await root.must('POST', '/api/auth/register', { token: admin, body: { name: 'bob', password: bob.password, roles: ['Admin'] } });
    expect(await isIn(bob.token)).toBe(false);
  });

  test('a stream of events', async () => {
    await root.app.listen(0, '127.0.0.1');
    const admin = await root.admin();
    const bob = await root.user('bob', ['Application_Provider']);
    const response = await fetch(`${await root.app.getUrl()}/api/events`, { headers: { authorization: `Bearer ${bob.token}` } });
    const heard = response.text();
    expect(response.status).toBe(200);
    await root.must('PUT', '/api/user/bob', { token: admin, body: { roles: [] } });
    expect(await heard).toContain(': watching');
  });
});

describe('guessing passwords', () => {
  const guess = (password: string, username = 'bob') => root.ask('POST', '/api/auth/login', { body: { username, password } });

  test('is slowed down, more and more, also for the right one; and ends by itself', async () => {
    const bob = await root.user('bob', []);
    for (let times = 0; times < 5; times += 1) expect((await guess('wrong')).status).toBe(401);
    const refused = await guess(bob.password);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    await root.clock.advance(1_000);
    expect((await guess('wrong')).status).toBe(401);
    expect((await guess('wrong')).headers['retry-after']).toBe('2');
    await root.clock.advance(hourMs);
    expect((await guess(bob.password)).status).toBe(200);
  });

  test('at one account leaves the others alone, and an own account buys no more guesses', async () => {
    const bob = await root.user('bob', []);
    for (let times = 0; times < 5; times += 1) await guess('wrong', 'ann');
    expect([(await guess('wrong', 'ann')).status, (await guess(bob.password)).status, (await guess('wrong', 'ann')).status]).toEqual([429, 200, 429]);
  });
});

describe('the first password', () => {
  test('is generated, and is good for nothing but its change after a day', async () => {
    const { username, password } = root.credentials;
    expect(password.length).toBeGreaterThan(16);
    expect(await root.must('POST', '/api/auth/login', { body: { username, password } })).toHaveProperty('password_to_be_changed_by');
    root.clock.jump(24 * hourMs);
    const token = await root.login(username, password);
    const refused = await root.ask('GET', '/api/users', { token });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('POST /api/user/Admin')]);
    expect((await root.ask('GET', '/api/user/Admin', { token })).status).toBe(200);
    await root.must('POST', '/api/user/Admin', { token, body: { oldPassword: password, newPassword: 'a better one' } });
    expect((await root.ask('GET', '/api/users', { token })).status).toBe(200);
    expect(root.state.read(credentialsFile)).toContain(password);
  });
});

describe('keys', () => {
  test('are public by name, and a new one leaves tokens of the one before good', async () => {
    const token = await root.admin();
    const kids = async (): Promise<string[]> => (await root.must<{ keys: { kid: string; d?: string }[] }>('GET', '/.well-known/jwks.json')).keys.map(({ kid, d }) => { expect(d).toBeUndefined(); return kid; });
    const before = await kids();
    await root.must('POST', '/api/auth/keys', { token });
    expect(await kids()).toEqual([expect.any(String), ...before]);
    expect([await isIn(token), await isIn(await root.admin())]).toEqual([true, true]);
  });

  test('turn by themselves, and are forgotten when nothing that they signed can be good', async () => {
    await root.admin();
    root.clock.jump(91 * 24 * hourMs);
    await root.admin();
    root.clock.jump(91 * 24 * hourMs);
    await root.admin();
    expect((await root.must<{ keys: unknown[] }>('GET', '/.well-known/jwks.json')).keys).toHaveLength(2);
  });

  test('and logins outlive a restart of root', async () => {
    const disk: MemoryDisk = new Map();
    const first = await TestRoot.open({ disk, clock: root.clock });
    const token = await first.admin();
    await first.close();
    const second = await TestRoot.open({ disk, clock: root.clock, state: first.state });
    expect((await second.ask('GET', '/api/users', { token })).status).toBe(200);
    await second.close();
  });
});

describe('an API token', () => {
  const make = (token: string, scopes: string[], seconds = 3_600) => root.must<{ id: string; token: string }>('POST', '/api/tokens', { token, body: { name: 'ci', scopes, expires_in_s: seconds } });

  test('may what it is for, as long as its owner may, and no more', async () => {
    const admin = await root.admin();
    const bob = await root.user('bob', ['Organization_Admin']);
    const { token } = await make(bob.token, ['user:list', 'node:change', 'application:*']);
    const status = async (method: string, path: string): Promise<number> => (await root.ask(method, path, { token, ...(method !== 'GET' && { body: {} }) })).status;
    expect([await status('GET', '/api/users'), await status('GET', '/api/applications'), await status('GET', '/api/services'), await status('PATCH', '/api/nodes/c/n')]).toEqual([200, 200, 403, 403]);
    expect([await status('POST', '/api/tokens'), await status('POST', '/api/user/bob')]).toEqual([403, 403]);
    await root.must('PUT', '/api/user/bob', { token: admin, body: { roles: [] } });
    expect(await status('GET', '/api/users')).toBe(403);
  });

  test('is listed without its secret, is over in time, and is taken back at once', async () => {
    const bob = await root.user('bob', ['Organization_Admin']);
    const [short, long] = [await make(bob.token, ['*:*'], 60), await make(bob.token, ['*:*'])];
    const listed = await root.ask('GET', '/api/tokens', { token: long.token });
    expect(listed.body).toHaveLength(2);
    expect(listed.text).not.toContain(long.token.split('_').at(-1));
    await root.clock.advance(60_000);
    expect([(await root.ask('GET', '/api/users', { token: short.token })).status, (await root.ask('GET', '/api/users', { token: long.token })).status]).toEqual([401, 200]);
    const other = await root.user('ann', []);
    expect((await root.ask('DELETE', `/api/tokens/${long.id}`, { token: other.token })).status).toBe(404);
    await root.must('DELETE', `/api/tokens/${long.id}`, { token: await root.login('bob', bob.password) });
    expect((await root.ask('GET', '/api/users', { token: long.token })).status).toBe(401);
  });
});
