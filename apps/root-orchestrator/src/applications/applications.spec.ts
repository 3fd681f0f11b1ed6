import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { descriptor, TestRoot } from '../testing/test-root.ts';

let root: TestRoot;
let token: string;
beforeEach(async () => {
  root = await TestRoot.open();
  token = await root.admin();
});
afterEach(() => root.close());

interface Application { applicationID: string; application_name: string; microservices: string[] }
const submit = async (name: string, microservices: readonly Readonly<Record<string, unknown>>[] = [{}]): Promise<Application> => (await root.must<Application[]>('POST', '/api/application', { token, body: descriptor(name, microservices) })).find((one) => one.application_name === name)!;

describe('a dry run', () => {
  const dry = (body: object, path = '/api/application') => root.ask('POST', `${path}?dryRun`, { token, body });

  test('finds what the run would find, and leaves nothing', async () => {
    await submit('there', [{ addresses: { rr_ip: '10.30.7.7' } }]);
    expect((await dry(descriptor('there'))).status).toBe(409);
    expect((await dry(descriptor('new', [{ addresses: { rr_ip: '10.30.7.7' } }]))).text).toContain('10.30.7.7 is taken by there.test.m0.test');
    expect((await dry(descriptor('new', [{ addresses: { rr_ip: '10.30.8.8' } }, { addresses: { rr_ip: '10.30.8.8' } }]))).status).toBe(409);
    expect((await dry(descriptor('new', [{ code: '' }]))).status).toBe(422);
    expect((await dry(descriptor('new', [{ addresses: { rr_ip: '10.30.9.9' }, bandwith: 1 }]))).body).toMatchObject({ dry_run: true, applications: [{ application_name: 'new' }], warnings: [expect.anything()] });
    expect(await root.must('GET', '/api/applications', { token })).toHaveLength(1);
    await submit('new', [{ addresses: { rr_ip: '10.30.9.9' } }]);
  });

  test('of more microservices', async () => {
    const { applicationID } = await submit('app');
    const more = (name: string) => dry(descriptor('app', [{ microservice_name: name }], { applicationID }), '/api/service');
    expect([(await more('m0')).status, (await more('m1')).body]).toEqual([409, expect.objectContaining({ dry_run: true, services: [expect.objectContaining({ microservice_name: 'm1' })] })]);
    expect(await root.must('GET', `/api/services/${applicationID}`, { token })).toHaveLength(1);
  });
});

describe('lists', () => {
  test('come whole, or page by page with the way to the next one', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await submit(name);
    expect(await root.must('GET', '/api/applications', { token })).toHaveLength(5);
    const seen: string[] = [];
    let next: string | undefined = '/api/applications?limit=2';
    while (next !== undefined) {
      const answer = await root.ask('GET', next, { token });
      seen.push(...(answer.body as Application[]).map((one) => one.application_name));
      next = /^<([^>]+)>; rel="next"$/.exec((answer.headers['link'] as string | undefined) ?? '')?.[1];
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await root.must('GET', '/api/services?limit=3&name=m0', { token })).toHaveLength(3);
    expect(await root.must('GET', '/api/applications?name=c', { token })).toMatchObject([{ application_name: 'c' }]);
    expect((await root.ask('GET', '/api/applications?limit=0', { token })).status).toBe(422);
  });
});

describe('a change', () => {
  test('keeps what it does not name, and the microservices whatever it says of them', async () => {
    const { applicationID: id, microservices } = await submit('app');
    await root.must('PUT', `/api/application/${id}`, { token, body: { application_name: 'app', application_namespace: null, application_desc: 'new', microservices: [] } });
    expect(await root.must('GET', `/api/application/${id}`, { token })).toMatchObject({ application_name: 'app', application_namespace: 'test', application_desc: 'new', network_policy: 'organisation', microservices });
    expect((await root.ask('PUT', `/api/application/${id}`, { token, body: { application_name: 'other' } })).status).toBe(409);
  });

  test('is refused when it was thought out for another state', async () => {
    const { applicationID: id } = await submit('app');
    const { etag } = (await root.ask('GET', `/api/application/${id}`, { token })).headers;
    const change = (application_desc: string, match: string) => root.ask('PUT', `/api/application/${id}`, { token, body: { application_desc }, headers: { 'if-match': match } });
    expect([(await change('one', String(etag))).status, (await change('two', String(etag))).status, (await change('three', '*')).status]).toEqual([200, 412, 200]);
    expect((await root.ask('DELETE', `/api/application/${id}`, { token, headers: { 'if-match': String(etag) } })).status).toBe(412);
  });
});

test('web pages of origins that are named may ask, of others not', async () => {
  const open = await TestRoot.open({ corsOrigins: ['https://oak.example'] });
  const allowed = async (origin: string): Promise<unknown> => (await open.ask('OPTIONS', '/api/applications', { headers: { origin, 'access-control-request-method': 'GET' } })).headers['access-control-allow-origin'];
  expect([await allowed('https://oak.example'), await allowed('https://evil.example')]).toEqual(['https://oak.example', undefined]);
  await open.close();
});
