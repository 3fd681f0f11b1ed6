import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Contexts } from '../contexts/contexts.ts';
import { AWorld } from '../testing/a-world.ts';
import { aToken, problem, rootStandIn, type Answers, type Asked } from '../testing/root-stand-in.ts';
import { aService, anInstance } from '../testing/views.ts';
import { planScale } from './scale.ts';

const frame = (id: string, number: number, status: string, more: object = {}): string =>
  `id: ${id}\nevent: instance\ndata: ${JSON.stringify({ id: `instance-${number}`, serviceId: 'id-shop-web', instance_number: number, status, status_detail: status.toLowerCase(), ...more })}\n\n`;
const stream = (write: (response: ServerResponse) => void) => ({ raw: (response: ServerResponse): void => { response.writeHead(200, { 'content-type': 'text/event-stream' }); response.write(': watching\n\n'); write(response); } });

/** `oak scale shop/web 1 --wait`, of a service that has none. */
async function scaled(answers: Answers, ...more: string[]) {
  const place = new AWorld();
  const { url, asked } = await rootStandIn({
    'GET /api/services': { body: [aService('shop/web')] }, 'GET /api/service/id-shop-web': { body: aService('shop/web', [anInstance(0, 'CREATING')]) },
    'POST /api/service/id-shop-web/instance': { body: { instances: [{ id: 'instance-0', instance_number: 0 }] } }, ...answers,
  });
  new Contexts(place.outside().world).write({ current: 'default', contexts: { default: { url, token: aToken() } } });
  return { ...await place.oak(['scale', 'shop/web', '1', '--wait', ...more]), asked };
}

describe('--wait', () => {
  it('ends with the event that it waits for, and tells each change', async () => {
    const { exitCode, stdout, stderr } = await scaled({ 'GET /api/events': stream((response) => { response.write(frame('1', 0, 'CREATED') + frame('2', 7, 'RUNNING')); response.write(frame('3', 0, 'RUNNING')); }) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'NAME              RESULT    DETAIL\nservice/shop/web  deployed  instances 0\n' });
    expect(stderr.split('\n')).toEqual(['shop/web/0: CREATING: creating', 'shop/web/0: CREATED: created', 'shop/web/0: RUNNING: running', '']);
  });

  it('does not miss what happened before the stream was open', async () => {
    const { exitCode } = await scaled({ 'GET /api/service/id-shop-web': { body: aService('shop/web', [anInstance(0, 'RUNNING')]) }, 'GET /api/events': stream(() => undefined) });
    expect(exitCode).toBe(0);
  });

  it('waits until what runs is ready too, as read and as heard', async () => {
    const { exitCode, stderr } = await scaled({
      'GET /api/service/id-shop-web': { body: aService('shop/web', [anInstance(0, 'RUNNING', { ready: false })]) },
      'GET /api/events': stream((response) => { response.write(frame('1', 0, 'RUNNING', { ready: false }) + frame('2', 0, 'RUNNING', { ready: true })); }),
    });
    expect({ exitCode, said: stderr.split('\n') }).toEqual({ exitCode: 0, said: ['shop/web/0: RUNNING, not ready: running', 'shop/web/0: RUNNING: running', ''] });
  });

  it('does not take what runs for ready', async () => {
    const { exitCode, stderr } = await scaled({ 'GET /api/events': stream((response) => { response.write(frame('1', 0, 'RUNNING', { ready: false })); }) }, '--timeout', '300ms');
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/not as wanted after 300 ms:\n {2}shop\/web\/0: RUNNING, not ready: running\n/);
  });

  it('asks no readiness of what has done its work', async () => {
    expect(await scaled({ 'GET /api/service/id-shop-web': { body: aService('shop/web', [anInstance(0, 'COMPLETED', { ready: false })]) }, 'GET /api/events': stream(() => undefined) })).toMatchObject({ exitCode: 0 });
  });

  it('loses its patience with 6, and tells how it was last', async () => {
    const { exitCode, stderr } = await scaled({ 'GET /api/events': stream((response) => { response.write(frame('1', 0, 'FAILED')); }) }, '--timeout', '300ms');
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/not as wanted after 300 ms:\n {2}shop\/web\/0: FAILED: failed\n {2}wait longer by --timeout 5m/);
  });

  it('watches again after the last event when the stream breaks', async () => {
    let opened = 0;
    const { exitCode, stderr, asked } = await scaled({
      'GET /api/events': ({ lastEventId }: Asked) => stream((response) => {
        if (++opened === 1) response.end(frame('1', 0, 'CREATED'));
        else response.write(frame('2', 0, lastEventId === '1' ? 'RUNNING' : 'FAILED'));
      }),
    });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/watching again/);
    expect(asked.filter(({ path }) => path === '/api/events').map(({ lastEventId }) => lastEventId)).toEqual([undefined, '1']);
  });

  it('reads all again when root says that events were missed', async () => {
    let reads = 0;
    const { exitCode } = await scaled({
      'GET /api/service/id-shop-web': () => ({ body: aService('shop/web', [anInstance(0, ++reads > 1 ? 'RUNNING' : 'CREATING')]) }),
      'GET /api/events': stream((response) => { response.write('event: resync\ndata: {"detail":"list again"}\n\n'); }),
    });
    expect({ exitCode, reads }).toEqual({ exitCode: 0, reads: 2 });
  });

  it('a stream that can not be opened is a failure at once', async () => {
    expect(await scaled({ 'GET /api/events': problem(503, 'full') })).toMatchObject({ exitCode: 5 });
  });
});

describe('planScale', () => {
  const of = (...numbers: number[]) => numbers.map((number) => ({ instance_number: number, stopping: number >= 100 }));
  it.each([
    [of(), 2, { kind: 'deploy', count: 2 }], [of(0, 3), 2, { kind: 'none' }], [of(5, 0, 3), 1, { kind: 'stop', numbers: [3, 5] }], [of(0, 1), 0, { kind: 'stop', numbers: [0, 1] }],
    [of(0, 100, 101), 1, { kind: 'none' }], [of(0, 100), 2, { kind: 'deploy', count: 1 }],
  ])('%j to %d', (instances, wanted, expected) => { expect(planScale(instances, wanted)).toEqual(expected); });
});
