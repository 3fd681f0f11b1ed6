import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Contexts } from '../contexts/contexts.ts';
import { run } from '../run.ts';
import { AWorld } from '../testing/a-world.ts';
import { aToken, problem, rootStandIn, type Answers } from '../testing/root-stand-in.ts';
import { aService, anInstance } from '../testing/views.ts';

const running = [anInstance(0, 'RUNNING', { instance_ip: '10.30.0.2' }), anInstance(1, 'RUNNING')];
const logsOf = (number: number): string => `GET /api/service/id-shop-web/instance/${number}/logs`;
const text = (...parts: string[]) => ({ raw: (response: ServerResponse): void => { response.writeHead(200, { 'content-type': 'text/plain' }); for (const part of parts) response.write(part); response.end(); } });
const events = (...frames: string[]) => ({ raw: (response: ServerResponse): void => { response.writeHead(200, { 'content-type': 'text/event-stream' }); response.write(`: watching\n\n${frames.join('')}`); } });
const frame = (id: string, type: string, body: object): string => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ ...body, at: 0 })}\n\n`;

/** Logged in at a root that has shop/web with two instances. */
async function at(answers: Answers) {
  const place = new AWorld();
  const { url, asked } = await rootStandIn({ 'GET /api/services': { body: [aService('shop/web', running, { RR_ip: '10.30.0.1' })] }, ...answers });
  new Contexts(place.outside().world).write({ current: 'default', contexts: { default: { url, token: aToken() } } });
  return Object.assign(place, { asked });
}

async function oak(args: readonly string[], answers: Answers) {
  const place = await at(answers);
  return { ...await place.oak(args), asked: place.asked };
}

describe('logs', () => {
  it('of one instance are what it wrote, byte by byte', async () => {
    const { stdout, asked } = await oak(['logs', 'web/0', '--tail', '5', '-f'], { [logsOf(0)]: text('a\u001b[31m', 'b\nno newline') });
    expect(stdout).toBe('a\u001b[31mb\nno newline');
    expect(Object.fromEntries(asked.at(-1)?.query ?? [])).toEqual({ tail: '5', follow: 'true' });
  });

  it('of several have names, whole lines, and the others\' when one has none', async () => {
    const { exitCode, stdout, stderr } = await oak(['logs', 'web'], { [logsOf(0)]: text('one\ntw', 'o\nthree'), [logsOf(1)]: problem(409, 'it runs nowhere') });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: 'shop/web/0 one\nshop/web/0 two\nshop/web/0 three\n' });
    expect(stderr).toMatch(/it runs nowhere/);
  });

  it('names each that has none', async () => {
    const { exitCode, stderr } = await oak(['logs', 'web'], { [logsOf(0)]: problem(409, 'gone'), [logsOf(1)]: problem(409, 'it runs nowhere') });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'oak: no output of some:\n  shop/web/0: gone\n  shop/web/1: it runs nowhere\n' });
  });

  it('go on after a long silence', async () => {
    let response: ServerResponse | undefined;
    const place = await at({ [logsOf(0)]: { raw: (one): void => { response = one; one.writeHead(200, { 'content-type': 'text/plain' }); one.write('before\n'); } } });
    const { world, said } = place.outside();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => { vi.useRealTimers(); });
    const exitCode = run(['logs', 'web/0', '-f'], world);
    await once(world.stdout, 'data');
    for (let minute = 0; minute < 60; minute++) await vi.advanceTimersByTimeAsync(60_000);
    response?.end('after\n');
    expect({ exitCode: await exitCode, ...said() }).toEqual({ exitCode: 0, stdout: 'before\nafter\n', stderr: '' });
  });

  it('that are cut say so', async () => {
    const cut = { raw: (response: ServerResponse): void => { response.writeHead(200); response.write('begun\n', () => { response.destroy(); }); } };
    expect(await oak(['logs', 'web/0'], { [logsOf(0)]: cut })).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('can not be reached') as unknown });
  });
});

describe('events', () => {
  const all = [
    frame('7-1', 'instance', { serviceId: 'id-shop-web', instance_number: 0, status: 'RUNNING', status_detail: 'running', cluster: 'c1', node: 'n1' }), frame('7-2', 'instance', { serviceId: 'unknown', instance_number: 3, status: 'FAILED', status_detail: 'no \u001b[2Jimage' }),
    frame('7-3', 'cluster', { cluster_name: 'c1', active: false, lost: false, active_nodes: 2 }), frame('7-4', 'node', { cluster: 'c1', name: 'n1', state: 'active', cordoned: true }), frame('7-5', 'later', { what: 1 }),
  ];

  it('have names, a line each', async () => {
    const { exitCode, stdout, asked } = await oak(['events', '--count', '5'], { 'GET /api/events': events(...all) });
    expect({ exitCode, lines: stdout.split('\n') }).toEqual({ exitCode: 0, lines: [
      '1970-01-01T00:00:00.000Z  instance shop/web/0  RUNNING on c1/n1: running', '1970-01-01T00:00:00.000Z  instance unknown/3  FAILED: no  [2Jimage', '1970-01-01T00:00:00.000Z  cluster c1  silent, 2 nodes active',
      '1970-01-01T00:00:00.000Z  node c1/n1  active, cordoned', '1970-01-01T00:00:00.000Z  later  {"what":1,"at":0}', '',
    ] });
    expect(asked.filter(({ path }) => path === '/api/services')).toHaveLength(2);
  });

  it('are objects with -o json, of one service, after another event', async () => {
    const { stdout, asked } = await oak(['events', '-n', '1', '-o', 'json', '-s', 'shop/web', '--after', '7-0'], { 'GET /api/events': events(...all) });
    expect(JSON.parse(stdout)).toMatchObject({ id: '7-1', type: 'instance', status: 'RUNNING' });
    expect(asked.at(-1)).toMatchObject({ lastEventId: '7-0' });
    expect(asked.at(-1)?.query.get('service')).toBe('id-shop-web');
  });

  it('that were missed are told, and what comes then is shown', async () => {
    const { exitCode, stdout, stderr } = await oak(['events', '--after', '7-0', '-n', '1'], { 'GET /api/events': events('event: resync\ndata: {"detail":"list again"}\n\n', frame('8-1', 'later', { what: 1 })) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '1970-01-01T00:00:00.000Z  later  {"what":1,"at":0}\n' });
    expect(stderr).toMatch(/^events were missed.*: oak get instances\n$/);
  });

  it('end after a time', async () => {
    expect(await oak(['events', '--for', '50ms'], { 'GET /api/events': events() })).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('net trace', () => {
  const answer = { body: { ok: false, steps: [{ ok: true, step: 'source', text: 'sends' }, { ok: false, step: 'policy', text: 'not allowed' }] } };
  it.each([['shop/web', '10.30.0.1'], ['shop/web/0', '10.30.0.2'], ['web.shop', 'web.shop'], ['1.2.3.4', '1.2.3.4']])('to %s asks for %s', async (to, asks) => {
    const { exitCode, stdout, asked } = await oak(['net', 'trace', 'web/0', to, '-p', '80'], { 'GET /api/net/trace': answer });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: 'ok   source: sends\nno   policy: not allowed\n' });
    expect(Object.fromEntries(asked.at(-1)?.query ?? [])).toEqual({ from: 'instance-0', to: asks, protocol: 'tcp', port: '80' });
  });
});

describe('restart', () => {
  it.each([['does not come up', anInstance(2, 'FAILED')], ['runs, but is not ready', anInstance(2, 'RUNNING', { ready: false })]])('leaves the old one when the new one %s', async (_how, made) => {
    const { exitCode, asked } = await oak(['restart', 'web/0', '--timeout', '200ms'], {
      'POST /api/service/id-shop-web/instance': { body: { instances: [{ id: 'new', instance_number: 2 }] } }, 'GET /api/events': events(),
      'GET /api/service/id-shop-web': { body: aService('shop/web', [...running, made]) },
    });
    expect(exitCode).toBe(6);
    expect(asked.some(({ method }) => method === 'DELETE')).toBe(false);
  });
});
