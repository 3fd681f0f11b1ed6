import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { InstanceRecord } from './instance-record.ts';
import { knock, probeOf, Readiness } from './readiness.ts';

const servers: Server[] = [];
afterEach(() => { for (const server of servers.splice(0)) server.close(); });
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return (server.address() as AddressInfo).port;
}
const soon = (): AbortSignal => AbortSignal.timeout(1_000);

describe('an instance is asked', () => {
  test('on the port that the descriptor names, else on its first mapped TCP port, else not at all', () => {
    expect(probeOf({ port: '8080:80', readiness: { port: 9, path: '/ok' } })).toEqual({ port: 9, path: '/ok' });
    expect(probeOf({ port: '53:53/udp;8080:80' })).toEqual({ port: 80 });
    expect(probeOf({ port: '53:53/udp' })).toBeUndefined();
    expect(probeOf({ port: '' })).toBeUndefined();
  });

  test('by a connection, or by HTTP', async () => {
    const tcp = await listen(createServer((socket) => socket.end()));
    const http = await listen(createHttp((asked, answer) => { answer.statusCode = asked.url === '/ok' ? 204 : 503; answer.end(); }));
    expect(await knock('127.0.0.1', { port: tcp }, soon())).toBeUndefined();
    expect(await knock('127.0.0.1', { port: http, path: '/ok' }, soon())).toBeUndefined();
    expect(await knock('127.0.0.1', { port: http, path: '/no' }, soon())).toBe('answers 503');
    servers.splice(0).forEach((server) => { server.close(); });
    expect(await knock('127.0.0.1', { port: tcp }, soon())).toBe('ECONNREFUSED');
  });

  test('and one that says nothing is given up', async () => {
    const port = await listen(createHttp(() => undefined));
    expect(await knock('127.0.0.1', { port, path: '/' }, AbortSignal.timeout(50))).toBe('no answer');
  });
});

test('it takes calls with the first answer, and none after three silences in a row', async () => {
  const record = { desired: 'run', spec: { microservice: { port: '80' } }, report: { status: 'RUNNING', ipv4: '10.18.0.2', ready: false } } as unknown as InstanceRecord;
  const said: boolean[] = [];
  let answer: string | undefined = 'ECONNREFUSED';
  const readiness = new Readiness({
    instances: { get: () => Promise.resolve(record), setReady: (_id, ready) => { said.push(ready); record.report.ready = ready; return Promise.resolve(); } }, knock: () => Promise.resolve(answer),
  });
  const check = () => readiness.check('a', soon());
  expect(await check()).toEqual({ kind: 'again', afterMs: 50 });
  expect(said).toEqual([]);
  answer = undefined;
  expect(await check()).toEqual({ kind: 'again', afterMs: 5_000 });
  answer = 'no answer';
  await check();
  await check();
  expect(said).toEqual([true]);
  await check();
  expect(said).toEqual([true, false]);
  record.report.status = 'DEAD';
  expect(await check()).toEqual({ kind: 'done' });
});
