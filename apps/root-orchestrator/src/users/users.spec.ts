import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { descriptor, TestRoot } from '../testing/test-root.ts';

let root: TestRoot;
let admin: string;
beforeEach(async () => {
  root = await TestRoot.open();
  admin = await root.admin();
});
afterEach(() => root.close());

const register = (token: string, body: object) => root.ask('POST', '/api/auth/register', { token, body: { name: 'bob', password: 'a password', ...body } });
const canLogIn = async (password: string, username = 'bob'): Promise<boolean> => (await root.ask('POST', '/api/auth/login', { body: { username, password } })).status === 200;

test('no answer holds a password or what is made of it', async () => {
  const said = [
    (await register(admin, { email: 'b@example.org' })).text, (await root.ask('GET', '/api/users', { token: admin })).text, (await root.ask('GET', '/api/user/bob', { token: admin })).text,
    (await root.ask('GET', '/api/users/000000000000000000000001', { token: admin })).text, (await root.ask('DELETE', '/api/user/bob', { token: admin })).text, (await root.ask('GET', '/api/audit', { token: admin })).text,
  ].join('\n');
  expect(said).toContain('b@example.org');
  expect(said).not.toMatch(/argon2|password/i);
});

describe('registering', () => {
  test.each([[{ name: 'a b' }], [{ name: '' }], [{ name: 'me' }], [{ name: 'f'.repeat(24) }], [{ password: 'short' }], [{ roles: ['King'] }], [{ name: 7 }]])('%j is refused by name', async (body) => {
    const { status, body: answer } = await register(admin, body);
    expect([status, answer]).toEqual([422, expect.objectContaining({ errors: [expect.objectContaining({ path: expect.stringContaining(Object.keys(body)[0]!) as string })] })]);
  });

  test('a name is there once', async () => {
    expect([(await register(admin, {})).status, (await register(admin, {})).status]).toEqual([200, 409]);
  });

  test('an Organization_Admin makes members of his own organisation, and no Admin', async () => {
    const boss = await root.user('boss', ['Organization_Admin'], 'acme');
    expect((await register(boss.token, { roles: ['Admin'] })).status).toBe(403);
    expect((await register(boss.token, { roles: ['Application_Provider'] })).body).toMatchObject({ name: 'bob', roles: ['Application_Provider'] });
    expect(await root.must('GET', '/api/user/bob', { token: admin })).toMatchObject({ roles: [] });
    expect(await root.must('GET', '/api/user/bob', { token: boss.token })).toMatchObject({ roles: ['Application_Provider'] });
  });
});

describe('a change', () => {
  test('leaves alone what it does not name, whatever else a client sends back', async () => {
    await register(admin, { email: 'b@example.org', roles: ['Application_Provider'] });
    await root.must('PUT', '/api/user/bob', { token: admin, body: { _id: { $oid: 'x' }, name: 'bob', password: '', roles: ['Infrastructure_Provider'] } });
    expect(await root.must('GET', '/api/user/bob', { token: admin })).toMatchObject({ email: 'b@example.org', roles: ['Infrastructure_Provider'] });
    expect(await canLogIn('a password')).toBe(true);
  });

  test('of himself: his address, but no role', async () => {
    const bob = await root.user('bob', ['Application_Provider']);
    await root.must('PUT', '/api/user/bob', { token: bob.token, body: { email: 'new@example.org', roles: ['Application_Provider'] } });
    expect((await root.ask('PUT', '/api/user/bob', { token: bob.token, body: { roles: ['Admin'] } })).status).toBe(403);
    expect(await root.must('GET', '/api/user/bob', { token: bob.token })).toMatchObject({ email: 'new@example.org', roles: ['Application_Provider'] });
  });

  test('of a member by his Organization_Admin: roles there; what would make him that user, and an Admin, are out of reach', async () => {
    const boss = await root.user('boss', ['Organization_Admin']);
    await root.user('bob', []);
    const put = async (name: string, body: object): Promise<number> => (await root.ask('PUT', `/api/user/${name}`, { token: boss.token, body })).status;
    expect([await put('bob', { roles: ['Application_Provider'] }), await put('bob', { email: 'x@example.org' }), await put('bob', { password: 'another one' }), await put('bob', { roles: ['Admin'] })]).toEqual([200, 403, 403, 403]);
    expect([await put('Admin', { roles: [] }), (await root.ask('DELETE', '/api/user/Admin', { token: boss.token })).status, await put('nobody', {})]).toEqual([403, 403, 404]);
  });

  test('of a password by an Admin ends the logins of that user, who is to choose his own', async () => {
    const bob = await root.user('bob', []);
    await root.must('PUT', '/api/user/bob', { token: admin, body: { password: 'for a day only' } });
    expect([(await root.ask('GET', '/api/user/bob', { token: bob.token })).status, await canLogIn(bob.password)]).toEqual([401, false]);
    expect(await root.must('POST', '/api/auth/login', { body: { username: 'bob', password: 'for a day only' } })).toHaveProperty('password_to_be_changed_by');
  });

  test('of the own password ends the other logins, not this one', async () => {
    const bob = await root.user('bob', []);
    const other = await root.login('bob', bob.password);
    const change = async (body: object): Promise<number> => (await root.ask('POST', '/api/user/bob', { token: bob.token, body })).status;
    expect([await change({ oldPassword: 'wrong', newPassword: 'a new one' }), await change({ oldPassword: bob.password, newPassword: bob.password }), await change({ oldPassword: bob.password, newPassword: 'short' })]).toEqual([400, 400, 422]);
    expect(await change({ oldPassword: bob.password, newPassword: 'a new one' })).toBe(200);
    const statusOf = async (token: string): Promise<number> => (await root.ask('GET', '/api/user/bob', { token })).status;
    expect([await statusOf(bob.token), await statusOf(other), await canLogIn('a new one'), await canLogIn(bob.password)]).toEqual([200, 401, true, false]);
  });
});

describe('removing', () => {
  test('the last Admin is refused, and so is taking his role', async () => {
    expect([(await root.ask('DELETE', '/api/user/Admin', { token: admin })).status, (await root.ask('PUT', '/api/user/Admin', { token: admin, body: { roles: [] } })).status]).toEqual([409, 409]);
  });

  test('who owns applications stays until they are gone', async () => {
    const bob = await root.user('bob', ['Application_Provider']);
    const [application] = await root.must<{ applicationID: string }[]>('POST', '/api/application', { token: bob.token, body: descriptor('app') });
    expect((await root.ask('DELETE', '/api/user/bob', { token: admin })).text).toContain('app.test');
    await root.must('DELETE', `/api/application/${application?.applicationID}`, { token: bob.token });
    expect(await root.must<{ name: string }[]>('DELETE', '/api/user/bob', { token: admin })).toEqual([expect.objectContaining({ name: 'Admin' })]);
  });

  test('an Organization_Admin takes a member out; the account goes with its last organisation', async () => {
    const boss = await root.user('boss', ['Organization_Admin'], 'acme');
    const bob = await root.user('bob', ['Application_Provider'], 'acme');
    await root.people.organisations.enrol(bob.id, '000000000000000000000001', []);
    await root.must('DELETE', '/api/user/bob', { token: boss.token });
    expect((await root.ask('GET', '/api/user/bob', { token: boss.token })).status).toBe(404);
    expect((await root.ask('GET', '/api/user/bob', { token: admin })).status).toBe(200);
    const ann = await root.user('ann', [], 'acme');
    await root.must('DELETE', '/api/user/ann', { token: boss.token });
    expect([await canLogIn(ann.password, 'ann'), (await root.ask('GET', '/api/user/ann', { token: admin })).status]).toEqual([false, 404]);
  });
});

describe('a forgotten password', () => {
  const reset = async (token: string, password: string): Promise<number> => (await root.ask('PUT', '/api/user/', { body: { token, password } })).status;

  test('an Admin hands out a token, which is good once, for three hours, and only the newest', async () => {
    const bob = await root.user('bob', []);
    const make = () => root.must<{ token: string }>('POST', '/api/user/bob/reset', { token: admin });
    const [older, newer] = [await make(), await make()];
    expect([await reset(older.token, 'chosen anew'), await reset('nonsense', 'chosen anew'), await reset(newer.token, 'chosen anew'), await reset(newer.token, 'and again')]).toEqual([400, 400, 200, 400]);
    expect([await canLogIn('chosen anew'), await canLogIn(bob.password), (await root.ask('GET', '/api/user/bob', { token: bob.token })).status]).toEqual([true, false, 401]);
    const late = await make();
    root.clock.jump(3 * 3_600_000);
    expect(await reset(late.token, 'too late now')).toBe(400);
  });

  test('no Organization_Admin makes one: it would make him that user everywhere', async () => {
    const boss = await root.user('boss', ['Organization_Admin']);
    await root.user('bob', []);
    expect([(await root.ask('POST', '/api/user/bob/reset', { token: boss.token })).status, (await root.ask('POST', '/api/user/Admin/reset', { token: boss.token })).status]).toEqual([403, 403]);
  });

  test('is asked for by anybody, and the answer tells nothing; the token goes to the program that sends mail', async () => {
    const letters: unknown[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => { text += String(chunk); }).on('end', () => { letters.push(JSON.parse(text)); response.end(); });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const posting = await TestRoot.open({ resetHook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    try {
      await posting.must('POST', '/api/auth/register', { token: await posting.admin(), body: { name: 'bob', password: 'a password', email: 'bob@example.org' } });
      const answers = [await posting.ask('POST', '/api/user/', { body: { username: 'nobody', domain: 'http://evil.example' } }), await posting.ask('POST', '/api/user/', { body: { username: 'bob', domain: 'http://evil.example' } })];
      expect(answers.map(({ status, text }) => [status, text])).toEqual([[200, '{}'], [200, '{}']]);
      await posting.resetPost.idle();
      expect(letters).toEqual([{ username: 'bob', email: 'bob@example.org', token: expect.any(String) as string, expires_at: expect.any(String) as string }]);
      expect((await posting.ask('PUT', '/api/user/', { body: { token: (letters[0] as { token: string }).token, password: 'chosen anew' } })).status).toBe(200);
    } finally {
      await posting.close();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
