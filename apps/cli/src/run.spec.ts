import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Contexts } from './contexts/contexts.ts';
import { AWorld } from './testing/a-world.ts';
import { aToken, deadUrl, problem, rootStandIn, type Answers } from './testing/root-stand-in.ts';
import { aService, anInstance } from './testing/views.ts';

/** Logged in at a root that answers so. */
async function at(answers: Answers) {
  const place = new AWorld();
  const root = await rootStandIn(answers);
  new Contexts(place.outside().world).write({ current: 'default', contexts: { default: { url: root.url, user: 'Admin', token: aToken(), refreshToken: 'refresh' } } });
  return { place, ...root };
}
const services = (...all: unknown[]): Answers => ({ 'GET /api/services': { body: all } });

describe('exit codes', () => {
  it.each<[string, string[], Answers, number, RegExp]>([
    ['a command that is not there', ['gett'], {}, 2, /unknown command 'gett'\n\(Did you mean get\?\)/],
    ['an option that is not there', ['get', 'nodes', '--wide'], {}, 2, /unknown option '--wide'/],
    ['a kind that is not there', ['get', 'pods'], {}, 2, /"pods" is nothing that oak knows\n {2}say one of: applications/],
    ['a number that is none', ['scale', 'web', 'many'], {}, 2, /Expected a whole number/],
    ['a duration that is none', ['get', 'nodes', '--timeout', 'soon'], {}, 2, /Expected a duration such as/],
    ['nothing to delete', ['delete'], {}, 2, /say what to delete/],
    ['a kind alone does not delete all', ['delete', 'apps'], {}, 2, /write --all for every application/],
    ['a name that nobody has', ['get', 'services', 'nobody'], services(aService('shop/web')), 3, /no service is called "nobody"\n {2}there are: shop\/web/],
    ['a name of several', ['scale', 'web', '1'], services(aService('shop/web'), aService('mail/web')), 2, /"web" can mean 2 of these; write the whole name, or the id:\n {2}shop\/web {3}id-shop-web\n {2}mail\/web/],
    ['root says 403', ['get', 'services'], { 'GET /api/services': problem(403, 'not enough permissions') }, 4, /not enough permissions\n {2}ask an administrator/],
    ['root says 404', ['get', 'services'], { 'GET /api/services': problem(404, 'service x does not exist') }, 3, /service x does not exist/],
    ['root says 409', ['get', 'services'], { 'GET /api/services': problem(409, 'taken') }, 1, /oak: taken/],
    ['root names fields', ['get', 'services'], { 'GET /api/services': problem(422, 'all of it', [{ path: 'a[0].b', message: 'is wrong', remedy: 'make it right', value: 1 }, { path: 'c', message: 'is missing' }]) }, 1, /root refuses it:\n {2}a\[0\]\.b: is wrong; make it right\n {2}c: is missing\n$/],
    ['root says 500 in HTML', ['get', 'services'], { 'GET /api/services': { status: 500, body: '<html>broken</html>' } }, 1, /answers 500: <html>broken/],
    ['root says 503', ['get', 'services'], { 'GET /api/services': problem(503, 'the store is away') }, 5, /the store is away/],
    ['it answers, but not in JSON', ['get', 'services'], { 'GET /api/services': { body: 'hello' } }, 1, /does not answer in JSON/],
    ['it answers something else', ['get', 'services'], { 'GET /api/services': { body: [{ microserviceID: 1 }] } }, 1, /is not as this oak knows it\n {2}\[0\]\.microserviceID: /],
    ['it hangs up', ['get', 'services'], { 'GET /api/services': { raw: (response) => { response.destroy(); } } }, 5, /root can not be reached at http:\/\/127\.0\.0\.1:\d+: the connection was cut/],
    ['it never answers', ['get', 'services', '--timeout', '50ms'], { 'GET /api/services': { raw: () => undefined } }, 5, /no answer within 50 ms/],
    ['it begins to answer and goes silent', ['get', 'services', '--timeout', '300ms'], { 'GET /api/services': { raw: (response) => { response.writeHead(200); response.write('['); } } }, 5, /no answer within 300 ms/],
    ['it sends away', ['get', 'services'], { 'GET /api/services': { status: 302, headers: { location: 'http://127.0.0.1:1/' } } }, 5, /can not be reached/],
  ])('%s', async (_what, args, answers, exitCode, stderr) => {
    const { place } = await at(answers);
    const said = await place.oak(args);
    expect(said).toMatchObject({ exitCode, stdout: '' });
    expect(said.stderr).toMatch(stderr);
  });

  it('nobody listens', async () => {
    const [place, url] = [new AWorld(), await deadUrl()];
    place.env['OAK_TOKEN'] = aToken();
    expect(await place.oak(['get', 'services', '--url', url])).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(/connection refused, nobody listens there/) as unknown });
  });

  it('nobody is logged in', async () => {
    expect(await new AWorld().oak(['get', 'services', '--url', await deadUrl()])).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/not logged in at http:.*\n {2}log in: oak login/) as unknown });
  });

  it('help and bare oak are no failure and go to stdout', async () => {
    for (const args of [[], ['--help'], ['scale', '--help'], ['help', 'apply']]) {
      expect(await new AWorld().oak(args)).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('Usage: oak') as unknown });
    }
  });

  it('a noun without a verb shows what there is', async () => {
    expect(await new AWorld().oak(['node'])).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('cordon') as unknown });
  });
});

describe('login', () => {
  const tokens = { 'POST /api/auth/login': { body: { token: 'new', refresh_token: 'long' } } } satisfies Answers;

  it('keeps tokens and never the password, readable by nobody else', async () => {
    const place = new AWorld();
    const { url, asked } = await rootStandIn(tokens);
    expect(await place.oak(['login', url, '-u', 'ann', '--password-stdin'], 'secret words\n')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(asked[0]?.body).toEqual({ username: 'ann', password: 'secret words' });
    const contexts = new Contexts(place.outside().world);
    expect(contexts.read()).toEqual({ current: 'default', contexts: { default: { url, user: 'ann', token: 'new', refreshToken: 'long' } } });
    expect(contexts.isOpenToOthers()).toBe(false);
  });

  it('asks nobody where nobody is', async () => {
    const { url } = await rootStandIn(tokens);
    expect(await new AWorld().oak(['login', url])).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/nobody is at a terminal.*User name\n {2}give --user NAME --password-stdin/) as unknown });
  });

  it('tells a wrong password from a root that is away', async () => {
    const { url } = await rootStandIn({ 'POST /api/auth/login': problem(401, 'Wrong user name or password') });
    const place = new AWorld();
    Object.assign(place.env, { OAK_USER: 'ann', OAK_PASSWORD: 'x' });
    expect(await place.oak(['login', url])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Wrong user name or password') as unknown });
    expect(await place.oak(['login', await deadUrl()])).toMatchObject({ exitCode: 5 });
  });

  it('asks where the root of a new context is', async () => {
    expect(await (await at({})).place.oak(['login', '--context', 'new', '-u', 'ann', '--password-stdin'], 'x')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/context new is new: say where its root is\n {2}oak login ADDRESS --context new/) as unknown });
  });

  it('warns before a password travels in the clear', async () => {
    const place = new AWorld();
    Object.assign(place.env, { OAK_USER: 'ann', OAK_PASSWORD: 'x' });
    expect((await place.oak(['login', 'root.invalid', '--timeout', '5s'])).stderr).toMatch(/http:\/\/root\.invalid:10000 is not encrypted/);
  });

  it('a token that is too old is renewed once and kept', async () => {
    const { place, asked } = await at({
      'GET /api/services': ({ token }) => (token === 'renewed' ? { body: [] } : problem(401, 'too old')),
      'POST /api/auth/refresh': ({ token }) => (token === 'refresh' ? { body: { token: 'renewed' } } : problem(422, 'only refresh tokens')),
    });
    expect(await place.oak(['get', 'services'])).toMatchObject({ exitCode: 0, stderr: 'no services\n' });
    expect(asked.map(({ path }) => path)).toEqual(['/api/services', '/api/auth/refresh', '/api/services']);
    expect(new Contexts(place.outside().world).read().contexts['default']).toMatchObject({ token: 'renewed', refreshToken: 'refresh' });
  });

  it('a login that has ended says so', async () => {
    const { place } = await at({ 'GET /api/services': problem(401, 'Missing authentication token'), 'POST /api/auth/refresh': problem(422, 'expired') });
    expect(await place.oak(['get', 'services'])).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/Missing authentication token\n {2}log in: oak login/) as unknown });
  });

  it('tokens are not sent to another address than they are of', async () => {
    const { place } = await at({});
    const other = await rootStandIn({});
    expect(await place.oak(['get', 'services', '--url', other.url])).toMatchObject({ exitCode: 4 });
    expect(other.asked).toEqual([]);
  });

  it('user and password of the environment do without a file', async () => {
    const place = new AWorld();
    const { url } = await rootStandIn({ 'POST /api/auth/login': { body: { token: aToken(), refresh_token: 'r' } }, 'GET /api/services': { body: [] } });
    Object.assign(place.env, { OAK_URL: url, OAK_USER: 'ann', OAK_PASSWORD: 'x' });
    expect(await place.oak(['get', 'services'])).toMatchObject({ exitCode: 0 });
    expect(new Contexts(place.outside().world).read().contexts).toEqual({});
  });

  it('logout forgets, contexts change', async () => {
    const { place, url } = await at({});
    expect(await place.oak(['context', 'ls', '-o', 'json'])).toMatchObject({ stdout: expect.stringContaining('"loggedIn": true') as unknown });
    expect(await place.oak(['logout'])).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('root was not told') as unknown });
    expect(new Contexts(place.outside().world).read().contexts['default']).toEqual({ url, user: 'Admin' });
    expect((await place.oak(['context', 'set', 'lab', 'lab.example'])).exitCode).toBe(0);
    expect((await place.oak(['context', 'use', 'lab'])).exitCode).toBe(0);
    expect((await place.oak(['context', 'use', 'nolab'])).exitCode).toBe(3);
    expect((await place.oak(['context', 'ls', '--no-headers'])).stdout).toMatch(/^default +http.*Admin +no\nlab \* +http:\/\/lab\.example:10000 +- +no\n$/);
    expect((await place.oak(['get', 'nodes', '--context', 'nolab'])).exitCode).toBe(3);
  });

  it('logout ends it at root too', async () => {
    const { place, asked } = await at({ 'POST /api/auth/logout': { body: {} } });
    expect(await place.oak(['logout'])).toMatchObject({ exitCode: 0, stderr: 'logged out (context default)\n' });
    expect(asked.map(({ method, path, token }) => [method, path, token])).toEqual([['POST', '/api/auth/logout', aToken()]]);
  });

  it('the refresh token that root gives is the one that is used next, by other oaks too', async () => {
    const second = aToken(['Admin'], { jti: '2' });
    const { place, asked } = await at({
      'GET /api/services': ({ token }) => (token === second ? { body: [] } : problem(401, 'too old')),
      'POST /api/auth/refresh': ({ token }) => (token === 'refresh' ? { body: { token: aToken(['Admin'], { jti: '1' }), refresh_token: 'refresh 2' } } : { body: { token: second, refresh_token: 'refresh 3' } }),
    });
    expect((await place.oak(['get', 'services'])).exitCode).toBe(4);
    expect((await place.oak(['get', 'services'])).exitCode).toBe(0);
    expect(asked.filter(({ path }) => path === '/api/auth/refresh').map(({ token }) => token)).toEqual(['refresh', 'refresh 2']);
    expect(new Contexts(place.outside().world).read().contexts['default']).toMatchObject({ token: second, refreshToken: 'refresh 3' });
  });

  it('a broken file of contexts is named', async () => {
    const { place } = await at({});
    writeFileSync(place.contextsPath, '{');
    expect(await place.oak(['get', 'nodes'])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`${place.contextsPath} can not be read as a file of contexts`) as unknown });
  });
});

describe('output', () => {
  const answers = services(aService('shop/web', [anInstance(0, 'RUNNING', { node: 'n1', cluster: 'c1', extra: { of: 'root' } }), anInstance(1, 'FAILED', { status_detail: 'no \u001b[2Jimage' })]));

  it('a table without colours where nobody looks', async () => {
    const { place } = await at(answers);
    const { stdout } = await place.oak(['get', 'instances']);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['INSTANCE', 'RUNTIME', 'STATUS', 'NODE', 'ADDRESS', 'STARTUP', 'RESTARTS', 'AGE'], ['shop/web/0', 'runc', 'RUNNING', 'n1', '-', '-', '0', '-'], ['shop/web/1', 'runc', 'FAILED', '-', '-', '-', '0', '-'], [''],
    ]);
  });

  it('colours at a terminal, what is of others can not steer it', async () => {
    const { place } = await at(answers);
    place.isTTY = true;
    const { stdout } = await place.oak(['get', 'instances', '-o', 'wide']);
    expect(stdout).toContain('\u001b[31mFAILED\u001b[39m');
    expect(stdout).not.toContain('\u001b[2J');
  });

  it('JSON and YAML as root said it, names alone, no headers', async () => {
    const { place } = await at(answers);
    expect(JSON.parse((await place.oak(['get', 'instances', '-o', 'json'])).stdout)).toMatchObject([{ id: 'instance-0', extra: { of: 'root' } }, { id: 'instance-1' }]);
    expect(JSON.parse((await place.oak(['get', 'inst', 'shop/web/0', '-o', 'json'])).stdout)).toMatchObject({ id: 'instance-0' });
    expect((await place.oak(['ls', 'inst', '-o', 'yaml'])).stdout).toMatch(/^- id: instance-0\n/);
    expect((await place.oak(['get', 'inst', '-q'])).stdout).toBe('shop/web/0\nshop/web/1\n');
    expect((await place.oak(['get', 'inst', '--no-headers'])).stdout).toMatch(/^shop\/web\/0/);
  });

  it('nothing is an empty list and no table', async () => {
    const { place } = await at(services());
    expect(await place.oak(['get', 'services'])).toEqual({ exitCode: 0, stdout: '', stderr: 'no services\n' });
    expect((await place.oak(['get', 'services', '-o', 'json'])).stdout).toBe('[]\n');
  });
});

describe('apply', () => {
  it('goes on after a refusal, and says so in the end', async () => {
    const of = (name: string) => ({ application_name: name, application_namespace: 'ns', microservices: [{ microservice_name: 'web', microservice_namespace: 'ns', virtualization: 'runc', code: 'nginx' }] });
    const { place, asked } = await at({
      'GET /api/applications/me': { body: [] },
      'POST /api/application': ({ body }) => (JSON.stringify(body).includes('bad') ? problem(422, 'no', [{ path: 'addresses.rr_ip', message: 'is taken' }]) : { body: [{ applicationID: 'good-id', application_name: 'good', application_namespace: 'ns' }] }),
      'GET /api/services/good-id': { body: [aService('good/web')] },
      'POST /api/service/id-good-web/instance': { body: { instances: [{ id: 'i', instance_number: 0 }] } },
    });
    writeFileSync(join(place.home, 'all.json'), JSON.stringify({ sla_version: 'v2.0', applications: [of('bad'), of('good')] }));
    const said = await place.oak(['apply', '-f', 'all.json']);
    expect(said.exitCode).toBe(1);
    expect(said.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([['NAME', 'RESULT', 'DETAIL'], ['application/bad', 'failed', 'root refuses it: addresses.rr_ip: is taken'], ['application/good', 'created'], ['service/good/web', 'created', 'instances 0'], ['']]);
    expect(asked.at(-1)?.body).toEqual({ count: 1 });
  });

  it('sends nothing of a descriptor with faults', async () => {
    const { place, asked } = await at({});
    const said = await place.oak(['apply', '-f', '-'], '{"sla_version":"v1.0"}');
    expect(said).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/2 faults; nothing was sent:\n {2}stdin: sla_version: version v1\.0.*\n {2}stdin: applications: /) as unknown });
    expect(asked).toEqual([]);
  });
});
