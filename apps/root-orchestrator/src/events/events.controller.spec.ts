import { afterAll, beforeAll, expect, test } from 'vitest';
import { descriptor, TestRoot } from '../testing/test-root.ts';

let root: TestRoot;
let url: string;
beforeAll(async () => {
  root = await TestRoot.open();
  await root.app.listen(0, '127.0.0.1');
  url = await root.app.getUrl();
});
afterAll(() => root.close());

/** The first so many events of a stream. */
async function events(token: string, count: number, query = '', headers: Readonly<Record<string, string>> = {}): Promise<{ id: string; data: Record<string, unknown> }[]> {
  const stop = new AbortController();
  const response = await fetch(`${url}/api/events?${query}`, { headers: { authorization: `Bearer ${token}`, ...headers }, signal: stop.signal });
  if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`);
  const heard: { id: string; data: Record<string, unknown> }[] = [];
  let text = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    heard.splice(0, heard.length, ...[...text.matchAll(/id: (\S+)\nevent: \w+\ndata: (.*)\n\n/g)].map(([, id = '', data = '{}']) => ({ id, data: JSON.parse(data) as Record<string, unknown> })));
    if (heard.length >= count) break;
  }
  stop.abort();
  return heard.slice(0, count);
}

test('each hears of his own, also of the past; who comes back misses nothing', async () => {
  const [ann, bob] = [await root.user('ann', ['Application_Provider'], 'acme'), await root.user('bob', ['Application_Provider'], 'other')];
  const services: string[] = [];
  for (const { token, name } of [ann, bob]) {
    const [application] = await root.must<{ microservices: string[] }[]>('POST', '/api/application', { token, body: descriptor(name) });
    services.push(application?.microservices[0] ?? '');
    for (let times = 0; times < 3; times += 1) await root.must('POST', `/api/service/${services.at(-1)}/instance`, { token });
  }
  await expect.poll(async () => (await root.root.instances.with('NoActiveClusterWithCapacity')).length).toBe(6);

  const all = await events(ann.token, 6, 'last=4096');
  expect(new Set(all.map(({ data }) => data['serviceId']))).toEqual(new Set([services[0]]));
  expect((await events(bob.token, 2, 'last=2')).map(({ data }) => data['serviceId'])).toEqual([services[1], services[1]]);
  const rest = await events(ann.token, 3, '', { 'last-event-id': all[2]?.id ?? '' });
  expect(rest.map(({ id }) => id)).toEqual(all.slice(3).map(({ id }) => id));
  const admin = await root.admin();
  expect(new Set((await events(admin, 12, 'last=4096&type=instance')).map(({ data }) => data['serviceId']))).toEqual(new Set(services));
});

test('a question that can not be meant is refused, not left open', async () => {
  const token = await root.admin();
  for (const query of ['last=-1', 'type=weather', 'last=many']) expect((await fetch(`${url}/api/events?${query}`, { headers: { authorization: `Bearer ${token}` } })).status, query).toBe(422);
});
