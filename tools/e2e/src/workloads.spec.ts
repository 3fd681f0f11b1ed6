import { request } from 'node:http';
import { fetchFrom, type InstanceView } from '@oak/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy, descriptorOf, has, install, isRunning, leftovers, removeService, type Installation } from './installation.ts';

let it: Installation;

/** The server answers before it has read all, and hangs up: fetch sees only that. */
function statusOfLarge(url: string, token: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': bytes } }, (response) => {
      resolve(response.statusCode);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.write('"x');
  });
}

beforeAll(async () => { it = await install({ clusters: 1, nodes: 2, node: (name) => (name === 'c1n2' ? { runtimes: ['runc'], allowPrivileged: true } : {}) }); }, 120_000);
afterAll(() => it.down(), 60_000);

describe('what runs', () => {
  test.each(['runc', 'crun', 'runsc', 'docker', 'container'])('%s: from REST to a running workload, and away without a trace', async (virtualization) => {
    const { root, lab } = it;
    const service = await deploy(root, { virtualization });
    const running = await root.until(service, 0, isRunning);
    expect(running.virtualization).toBe(['docker', 'container'].includes(virtualization) ? 'runc' : virtualization);
    if (virtualization === 'runsc' || virtualization === 'crun') expect(running.node).toBe('c1n1');
    await removeService(root, service);
    expect((await leftovers(lab, running.node!)).containers).not.toContain(running.id);
  });

  test('fifty in one request all run, on both nodes, with an address each', async () => {
    const { root } = it;
    const service = await deploy(root, { vcpus: 0.02, memory: 20 }, 50);
    for (let number = 0; number < 50; number++) await root.until(service, number, isRunning);
    const { instance_list: instances } = await root.service(service);
    expect(new Set(instances.map((one) => one.instance_ip)).size).toBe(50);
    expect(new Set(instances.map((one) => one.node))).toEqual(new Set(['c1n1', 'c1n2']));
    await removeService(root, service);
    for (const node of ['c1n1', 'c1n2']) {
      const left = await leftovers(it.lab, node);
      expect(left).toMatchObject({ containers: [], tasks: [], leases: [], netns: [], links: [] });
    }
  }, 120_000);

  test('one_shot: exit 0 completes it for good, another code does not', async () => {
    const { root } = it;
    const good = await deploy(root, { one_shot: true, cmd: ['true'] });
    expect(await root.until(good, 0, has('COMPLETED'))).toMatchObject({ exit_code: 0, restarts: 0 });
    const bad = await deploy(root, { one_shot: true, cmd: ['sh', '-c', 'exit 3'] });
    expect(await root.until(bad, 0, (one) => one.status === 'DEAD' && one.restarts > 0)).toMatchObject({ exit_code: 3 });
    await removeService(root, good);
    await removeService(root, bad);
  });

  test('a crash loop backs off and says when the next try is', async () => {
    const { root } = it;
    const service = await deploy(root, { cmd: ['sh', '-c', 'echo broken; exit 7'] });
    const dead = await root.until(service, 0, (one) => one.status === 'DEAD' && one.restarts >= 2);
    expect(dead.status_detail).toMatch(/exited with code 7; next try in \d+ s/);
    // What it said in each of its lives is there for whoever asks why.
    const said = await (await fetch(`${root.url}/api/service/${service}/instance/0/logs`, { headers: { authorization: `Bearer ${root.token}` } })).text();
    expect(said.split('\n').filter((line) => line === 'broken').length).toBeGreaterThanOrEqual(2);
    await removeService(root, service);
  });

  test.each(['runc', 'runsc'])('%s: its output is read through REST: the last lines, and what comes while it runs', async (virtualization) => {
    const { root } = it;
    const service = await deploy(root, { virtualization, cmd: ['sh', '-c', 'for i in 1 2 3; do echo line $i; done; echo oops >&2; sleep 3; echo late; sleep 3600'] });
    await root.until(service, 0, isRunning);
    const url = `${root.url}/api/service/${service}/instance/0/logs`;
    const headers = { authorization: `Bearer ${root.token}` };
    const followed = await fetch(`${url}?follow=true&format=json`, { headers });
    const seen: unknown[] = [];
    for await (const chunk of followed.body!) {
      seen.push(...Buffer.from(chunk).toString().trim().split('\n').map((line) => JSON.parse(line) as unknown));
      if (JSON.stringify(seen).includes('late')) break;
    }
    expect(seen).toEqual(expect.arrayContaining([{ stream: 'stdout', text: 'line 1' }, { stream: 'stderr', text: 'oops' }, { stream: 'stdout', text: 'late' }]));
    expect((await (await fetch(`${url}?tail=1`, { headers })).text()).split('\n').toSorted()).toEqual(['', 'late', 'oops']);
    await removeService(root, service);
    expect((await fetch(url, { headers })).status).toBe(404);
  });

  test('out of memory is told from other ends', async () => {
    const { root } = it;
    const service = await deploy(root, { memory: 16, cmd: ['sh', '-c', 'x=a; while true; do x=$x$x; done'] });
    const dead = await root.until(service, 0, has('DEAD'));
    expect(dead.status_detail).toMatch(/out of memory/);
    await removeService(root, service);
  });

  test('a command that is not there, an image that is not there: the detail names them, the next deploy works', async () => {
    const { root } = it;
    const noCommand = await deploy(root, { cmd: ['/no/such/program'] });
    expect((await root.until(noCommand, 0, has('FAILED'))).status_detail).toMatch(/\/no\/such\/program/);
    const noImage = await deploy(root, { code: 'docker.io/library/absent:latest' });
    // The lab's mirror says that it has none; the registry itself is out of reach.
    const { status_detail: detail } = await root.until(noImage, 0, has('FAILED'), 30_000);
    for (const said of [/library\/absent/, /its mirrors: .*HTTP 404/, /registry docker\.io.*no answer/, /next try|at once/]) expect(detail).toMatch(said);
    await removeService(root, noCommand);
    await removeService(root, noImage);
    const service = await deploy(root, {});
    await root.until(service, 0, isRunning);
    await removeService(root, service);
  }, 90_000);

  test('ports: reachable from another machine, a second taker goes elsewhere, a third waits and says why', async () => {
    const { root, lab } = it;
    const web = { code: 'docker.io/library/nginx:latest', cmd: [], port: '18080:80' };
    const service = await deploy(root, web, 2);
    const both = [await root.until(service, 0, isRunning), await root.until(service, 1, isRunning)];
    expect(new Set(both.map((one) => one.node)).size).toBe(2);
    const address = lab.host('c1n1').address;
    expect((await fetchFrom(lab, 'root', `http://${address}:18080/`)).status).toBe(200);
    await root.deploy(service);
    const third = await root.until(service, 2, (one: InstanceView) => one.status === 'NoActiveClusterWithCapacity');
    expect(third.status_detail).toMatch(/18080/);
    await root.call('DELETE', `/api/service/${service}/instance/0`);
    await root.until(service, 2, isRunning);
    await removeService(root, service);
  });
});

describe('what is refused', () => {
  test('every fault of a descriptor is named at once', async () => {
    const answer = await it.root.ask('POST', '/api/application/', descriptorOf({ memory: -1, vcpu: 1, port: '70000' }));
    expect(answer.status).toBe(422);
    const { errors } = answer.body as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path)).toEqual(expect.arrayContaining(['applications[0].microservices[0].memory', 'applications[0].microservices[0].port']));
  });

  test('malformed JSON is 400, a body of 10 MB is 413, no token is 401, what is unknown is 404, a name that is taken is 409', async () => {
    const { root } = it;
    expect((await root.ask('POST', '/api/application/', '{"sla_version": ')).status).toBe(400);
    expect(await statusOfLarge(`${root.url}/api/application/`, root.token, 10_000_000)).toBe(413);
    expect((await fetch(`${root.url}/api/applications/`)).status).toBe(401);
    expect((await root.ask('GET', `/api/service/${'0'.repeat(24)}`)).status).toBe(404);
    expect((await root.ask('POST', `/api/service/${'0'.repeat(24)}/instance`)).status).toBe(404);
    const descriptor = descriptorOf({});
    expect((await root.ask('POST', '/api/application/', descriptor)).status).toBe(200);
    expect((await root.ask('POST', '/api/application/', descriptor)).status).toBe(409);
  });

  test('a runtime that no node has is not placed, and explain tells it per cluster and node before and after', async () => {
    const { root } = it;
    const service = await deploy(root, { virtualization: 'runu' });
    const waiting = await root.until(service, 0, has('NoActiveClusterWithCapacity'));
    expect(waiting.status_detail).toMatch(/runu/);
    const explained = await root.call<{ root: { filtered: { reason: string }[] } }>('GET', `/api/service/${service}/instance/0/explain`);
    expect(explained.root.filtered.map(({ reason }) => reason)).toContain('runtime-unknown');
    const before = await root.call<{ microservices: { clusters: { nodes: { name: string; fits: boolean; reason?: string }[] }[] }[] }>('POST', '/api/explain', descriptorOf({ virtualization: 'runsc' }));
    const nodes = before.microservices[0]?.clusters[0]?.nodes ?? [];
    expect(nodes.map(({ name, fits, reason }) => [name, fits, reason])).toEqual(expect.arrayContaining([['c1n1', true, undefined], ['c1n2', false, 'runtime-unknown']]));
    await removeService(root, service);
  });

  test('privileged goes where a node allows it in that runtime, else it waits and says why', async () => {
    const { root } = it;
    const allowed = await deploy(root, { privileged: true });
    expect((await root.until(allowed, 0, isRunning)).node).toBe('c1n2');
    const refused = await deploy(root, { privileged: true, virtualization: 'crun' });
    expect((await root.until(refused, 0, has('NoActiveClusterWithCapacity'))).status_detail).toMatch(/takes no privileged workloads in runtime crun/);
    const explained = await root.call<{ root: { filtered: { reason: string }[] } }>('GET', `/api/service/${refused}/instance/0/explain`);
    expect(explained.root.filtered.map(({ reason }) => reason)).toEqual(['privileged-refused']);
    await removeService(root, allowed);
    await removeService(root, refused);
  });

  test('an instance that is larger than any node waits; the detail has needed and had', async () => {
    const { root } = it;
    const service = await deploy(root, { memory: 1_000_000 });
    expect((await root.until(service, 0, has('NoActiveClusterWithCapacity'))).status_detail).toMatch(/1000000|1,000,000/);
    await removeService(root, service);
  });
});
