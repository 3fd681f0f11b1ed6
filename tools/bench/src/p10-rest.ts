import { RootClient, type Lab } from '@oak/lab';
import { median, type Result } from './result.ts';

const instances = 10_000;
const perRequest = 1_000;
const watchers = 1_000;
const listRounds = 30;
const eventRounds = 5;
const eventTargetMs = 100;

/** A page of 100 out of 10,000 instances, beside a bare request; and one event to 1,000 watchers. Nothing runs: no node has the runtime. */
export async function p10(lab: Lab): Promise<Result> {
  const root = await RootClient.login(lab);
  const [service] = await root.submit({
    sla_version: 'v2.0',
    applications: [{ application_name: 'p10', application_namespace: 'bench', microservices: [{ microservice_name: 'none', microservice_namespace: 'bench', virtualization: 'norunner', code: 'docker.io/library/busybox:latest' }] }],
  });
  if (!service) throw new Error('the application came back without its microservice');
  for (let made = 0; made < instances; made += perRequest) await root.deploy(service.microserviceID, perRequest);
  await root.until(service.microserviceID, instances - 1, (one) => one.status !== 'REQUESTED', 120_000);
  const list: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < listRounds; round++) {
    bare.push(await timed(() => root.ask('GET', '/healthz')));
    list.push(await timed(() => root.call('GET', '/api/instances?limit=100')));
  }
  const toAllMs = await eventToAll(root, service.microserviceID);
  const value = median(list);
  return { id: 'P10', value, target: 20, met: value <= 20 && toAllMs <= eventTargetMs, unit: 'ms for a page of 100 of 10,000 instances', samples: list, detail: { bareRequestMs: median(bare), eventToAllWatchersMs: toAllMs, watchers } };
}

/** From the moment that the first watcher has it to the last one, plus the request that caused it: an upper bound. */
async function eventToAll(root: RootClient, serviceId: string): Promise<number> {
  const stop = new AbortController();
  let heard = 0;
  let all = (): void => undefined;
  const opened = await Promise.all(Array.from({ length: watchers }, async () => {
    const stream = root.events('', stop.signal);
    await stream.next();
    const listen = async (): Promise<void> => { for await (const frame of stream) if (frame.includes('"removed":true') && ++heard === watchers) all(); };
    // In an object: a promise that is returned would be waited for.
    return { ended: listen().catch(() => undefined) };
  }));
  const samples: number[] = [];
  for (let round = 0; round < eventRounds; round++) {
    heard = 0;
    const done = new Promise<void>((resolve) => { all = resolve; });
    samples.push(await timed(async () => { await root.call('DELETE', `/api/service/${serviceId}/instance/${round}`); await done; }));
  }
  stop.abort();
  await Promise.all(opened.map(({ ended }) => ended));
  return median(samples);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
