import type { InstanceView, ServiceView } from '@oak/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, askAll, callerImage, callerPort, getAll, load, type Question } from './callers.ts';
import { install, removeService, type Installation } from './installation.ts';
import { buildGuestArchive, unikernelCaller, type GuestArchive } from './kernels.ts';

let it: Installation;
let guest: GuestArchive;
let kernelUrl: string;
const isReady = (instance: InstanceView): boolean => instance.ready;
interface Placed { readonly service: ServiceView; readonly instance: InstanceView }
const placed = new Map<string, Placed>();
const one = (name: string): Placed => placed.get(name)!;

const runtimes = ['runc', 'runsc', 'unikernel'] as const;
/** The same program, built for each of them. */
const programFor = (virtualization: (typeof runtimes)[number]) => (virtualization === 'unikernel' ? unikernelCaller(kernelUrl) : { virtualization });
/** Seen from the callers, which are on c1n1. */
const places = { same: ['c1', 'c1n1'], node: ['c1', 'c1n2'], cluster: ['c2', 'c2n1'] } as const;

const at = (cluster: string, node: string) => [{ type: 'direct', cluster, node }];
function microservice(name: string, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { microservice_name: name, microservice_namespace: 'net', memory: 50, vcpus: 0.05, virtualization: 'runc', readiness: { port: callerPort }, ...callerImage, environment: [`NAME=${name}`], ...more };
}

async function submit(application: string, microservices: readonly Readonly<Record<string, unknown>>[], more: Readonly<Record<string, unknown>> = {}): Promise<readonly ServiceView[]> {
  return it.root.submit({ sla_version: 'v2.0', applications: [{ application_name: application, application_namespace: 'net', ...more, microservices }] });
}

async function start(application: string, microservices: readonly Readonly<Record<string, unknown>>[], more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const services = await submit(application, microservices, more);
  for (const { microserviceID } of services) await it.root.deploy(microserviceID);
  for (const { microserviceID, microservice_name } of services) {
    const instance = await it.root.until(microserviceID, 0, isReady, 60_000);
    placed.set(microservice_name, { service: await it.root.service(microserviceID), instance });
  }
}

beforeAll(async () => {
  guest = await buildGuestArchive();
  it = await install({ clusters: 2, nodes: 2, env: { 'node-engine': { OAK_DRAIN_MS: '1000' } } });
  kernelUrl = await guest.serve(it.lab);
  const servers = runtimes.flatMap((virtualization) => Object.entries(places).map(([place, [cluster, node]]) => microservice(`${virtualization}${place}`, { ...programFor(virtualization), constraints: at(cluster, node) })));
  const callers = runtimes.map((virtualization) => microservice(`${virtualization}caller`, { ...programFor(virtualization), constraints: at('c1', 'c1n1') }));
  await start('mesh', [...servers, ...callers]);
}, 240_000);
afterAll(async () => {
  await it?.down();
  await guest?.close();
}, 60_000);

describe.each(runtimes)('a workload in %s calls', (callerRuntime) => {
  describe.each(runtimes)('one in %s', (serverRuntime) => {
    test.each(Object.keys(places))('on the %s node or cluster, by service IP, instance IP and name, with both families, TCP, UDP and ICMP', async (place) => {
      const [caller, server] = [one(`${callerRuntime}caller`), one(`${serverRuntime}${place}`)];
      const targets = { 4: [server.service.RR_ip, server.instance.instance_ip!], 6: [server.service.RR_ip_v6, server.instance.instance_ip_v6!] };
      const questions: Question[] = ([4, 6] as const).flatMap((family) => [...targets[family], `${serverRuntime}${place}.mesh`].flatMap((to) => (['tcp', 'udp', 'ping'] as const).map((via) => ({ via, to, family }))));
      const answers = await askAll(it.lab, caller.instance, questions);
      for (const [index, question] of questions.entries()) {
        const said = `${question.via} to ${question.to}`;
        expect(answers[index], said).toMatchObject({ ok: true });
        if (question.via === 'ping') continue;
        // The server sees the caller's instance IP; the caller the address that it called.
        const self = question.family === 4 ? caller.instance.instance_ip : caller.instance.instance_ip_v6;
        expect(answers[index], said).toMatchObject({ answers: [{ name: `${serverRuntime}${place}`, from: self }] });
      }
    });
  });
});

describe('addresses', () => {
  test('a service that has no instance, and an address that nobody has, are refused at once', async () => {
    const [empty] = await submit('empty', [microservice('nobody', {})]);
    const answers = await askAll(it.lab, one('runccaller').instance, [
      { via: 'tcp', to: empty!.RR_ip }, { via: 'tcp', to: empty!.RR_ip_v6 }, { via: 'tcp', to: '10.30.250.250' }, { via: 'tcp', to: 'fdff:2000::dead' }, { via: 'tcp', to: 'nobody.mesh.oak.internal' },
    ]);
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.error))).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ENOENT']);
  });

  test('an instance reaches itself through its own service, and a process of a node reaches it too', async () => {
    const { service, instance } = one('runccaller');
    expect(await ask(it.lab, instance, { via: 'tcp', to: service.RR_ip })).toMatchObject({ ok: true, answers: [{ name: 'runccaller' }] });
    expect(await ask(it.lab, instance, { via: 'udp', to: service.RR_ip_v6 })).toMatchObject({ ok: true, answers: [{ name: 'runccaller' }] });
    for (const host of ['c1n1', 'c1n2']) {
      const { stdout } = await it.lab.exec(host, [process.execPath, '-e', `fetch('http://${one('runcnode').service.RR_ip}:7000/who').then((r) => r.json()).then((j) => console.log(j.name))`]);
      expect(stdout.trim(), host).toBe('runcnode');
    }
  });

  test('pins are honoured, refused when taken or outside, and free again after removal', async () => {
    const pinned = { rr_ip: '10.30.55.55', rr_ip_v6: 'fdff:2000::55:55' };
    const [service] = await submit('pinned', [microservice('pin', { addresses: pinned })]);
    expect(service).toMatchObject({ RR_ip: pinned.rr_ip, RR_ip_v6: pinned.rr_ip_v6 });
    const descriptor = (addresses: unknown) => ({ sla_version: 'v2.0', applications: [{ application_name: 'other', application_namespace: 'net', microservices: [microservice('pin', { addresses })] }] });
    const taken = await it.root.ask('POST', '/api/application/', descriptor(pinned));
    expect(taken).toMatchObject({ status: 409, body: { errors: [{ path: 'applications[0].microservices[0].addresses.rr_ip', message: '10.30.55.55 is taken by pinned.net.pin.net' }] } });
    const outside = await it.root.ask('POST', '/api/application/', descriptor({ rr_ip: '192.168.178.4' }));
    expect(outside).toMatchObject({ status: 422, body: { errors: [{ path: 'applications[0].microservices[0].addresses.rr_ip', message: '192.168.178.4 is outside of 10.30.0.0/16' }] } });
    await it.root.call('DELETE', `/api/service/${service!.microserviceID}`);
    expect((await it.root.ask('POST', '/api/application/', descriptor(pinned))).status).toBe(200);
    const free = await it.root.call<{ Address: string }[]>('GET', '/api/pubnet/service/netinfo/available-ip/3?v=4');
    expect(new Set(free.map(({ Address }) => Address)).size).toBe(3);
  });

  test('names: with namespaces, of single instances, in the own application without its name', async () => {
    const { instance } = one('runccaller');
    const names = ['runcnode', 'runcnode.mesh', 'runcnode.net.mesh.net', '0._instance.runcnode.mesh', 'runcnode.mesh.oak.internal'];
    const found = await getAll(it.lab, instance, names.map((name) => `/resolve?name=${name}`));
    const { service, instance: server } = one('runcnode');
    const both = [service.RR_ip, service.RR_ip_v6].toSorted();
    const shown = found.map((answer) => (answer as { addresses: string[] }).addresses.toSorted());
    expect(shown).toEqual([both, both, both, [server.instance_ip, server.instance_ip_v6].toSorted(), both]);
  });
});

describe('who may call whom', () => {
  test('an isolated application is reached by itself only, a public one and one of the same owner by all', async () => {
    const place = { constraints: at('c1', 'c1n2') };
    await start('hidden', [microservice('secret', place), microservice('insider', place)], { network_policy: 'isolated' });
    await start('open', [microservice('shop', place)], { network_policy: 'public' });
    const [outsider, insider] = [one('runccaller').instance, one('insider').instance];
    const secret = one('secret');
    expect(await ask(it.lab, insider, { via: 'tcp', to: secret.service.RR_ip })).toMatchObject({ ok: true });
    expect(await ask(it.lab, insider, { via: 'tcp', to: one('runcsame').service.RR_ip })).toMatchObject({ ok: true });
    for (const to of [secret.service.RR_ip, secret.instance.instance_ip!, secret.instance.namespace_ip!, secret.instance.namespace_ip_v6!, 'secret.hidden']) {
      expect(await ask(it.lab, outsider, { via: 'tcp', to }), to).toMatchObject({ ok: false });
    }
    expect(await ask(it.lab, outsider, { via: 'tcp', to: 'shop.open' })).toMatchObject({ ok: true });
  });
});

describe('many instances', () => {
  test('nine take turns evenly; scaling up and down under load loses no request', async () => {
    const [service] = await submit('many', [microservice('nine', {})]);
    const id = service!.microserviceID;
    await it.root.deploy(id, 9);
    for (let number = 0; number < 9; number++) await it.root.until(id, number, isReady, 60_000);
    const caller = one('runccaller').instance;
    const asked = await ask(it.lab, caller, { via: 'tcp', to: service!.RR_ip, count: 90 });
    const counts = new Map<string, number>();
    if (asked.ok) for (const { to = '?' } of asked.answers) counts.set(to, (counts.get(to) ?? 0) + 1);
    // Nine ninths of 90: chi-square with 8 degrees of freedom is below 15.5 with 95 % certainty; a rotation is far below.
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - 10) ** 2 / 10, 0);
    expect([counts.size, chi < 15.5]).toEqual([9, true]);

    const [tcp, udp] = [load(it.lab, caller, service!.RR_ip, { ms: 6_000, gapMs: 5 }), load(it.lab, one('runsccaller').instance, service!.RR_ip_v6, { ms: 6_000, gapMs: 10 })];
    await it.root.deploy(id, 3);
    for (let number = 9; number < 12; number++) await it.root.until(id, number, isReady, 60_000);
    for (const number of [0, 3, 6, 10]) await it.root.call('DELETE', `/api/service/${id}/instance/${number}`);
    for (const { failed, sent, ok } of await Promise.all([tcp, udp])) {
      expect(failed).toEqual([]);
      expect(ok).toBe(sent);
      expect(sent).toBeGreaterThan(20);
    }
    await removeService(it.root, id);
  }, 180_000);
});

describe('when something dies', () => {
  test('an instance is killed under load: only its own connections break, and its service goes on', async () => {
    const [service] = await submit('victims', [microservice('three', {})]);
    const id = service!.microserviceID;
    await it.root.deploy(id, 3);
    const all = await Promise.all([0, 1, 2].map((number) => it.root.until(id, number, isReady, 60_000)));
    const under = load(it.lab, one('runccaller').instance, service!.RR_ip, { ms: 5_000, gapMs: 10 });
    // One long call to each instance, by its own address, while the second one dies.
    const script = `console.log(JSON.stringify(await Promise.all(process.argv.slice(1).map((address) => fetch('http://' + address + ':7000/slow?ms=3000').then((r) => r.json()).then(() => true, () => false)))))`;
    const calls = it.lab.exec('c1n1', [process.execPath, '--input-type=module', '-e', script, ...all.map(({ instance_ip }) => instance_ip!)]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const victim = all[1]!;
    await it.lab.exec(victim.node!, ['ctr', '-a', `${it.lab.dir}/${victim.node!}/containerd.sock`, '-n', 'oakestra', 'tasks', 'kill', '-s', 'SIGKILL', victim.id]);
    expect(JSON.parse((await calls).stdout)).toEqual([true, false, true]);
    const { sent, ok, failed } = await under;
    // Between its end and the news of it, every third call finds nobody.
    expect([sent > 20, failed.length <= Math.ceil(sent / 4), ok + failed.length]).toEqual([true, true, sent]);
    expect(failed.every(({ error }) => error === 'ECONNREFUSED' || error === 'ECONNRESET'), JSON.stringify(failed)).toBe(true);
    await it.root.until(id, 1, (instance) => isReady(instance) && instance.restarts > 0, 60_000);
    expect(await ask(it.lab, one('runccaller').instance, { via: 'tcp', to: victim.instance_ip! })).toMatchObject({ ok: true });
    await removeService(it.root, id);
  }, 120_000);

  test('an instance that moves to another node keeps its addresses and names; nobody else notices', async () => {
    const [service] = await submit('mover', [microservice('moves', { constraints: [{ type: 'direct', cluster: 'c2', node: 'c2n1;c2n2' }] })]);
    const id = service!.microserviceID;
    await it.root.deploy(id);
    const before = await it.root.until(id, 0, isReady, 60_000);
    const caller = one('runccaller').instance;
    expect(await ask(it.lab, caller, { via: 'tcp', to: 'moves.mover' })).toMatchObject({ ok: true });
    await it.lab.powerOff(before.node!);
    const after = await it.root.until(id, 0, (instance) => isReady(instance) && instance.node !== before.node, 60_000);
    expect([after.instance_ip, after.instance_ip_v6]).toEqual([before.instance_ip, before.instance_ip_v6]);
    for (const to of [service!.RR_ip, after.instance_ip!, 'moves.mover']) expect(await ask(it.lab, caller, { via: 'tcp', to }), to).toMatchObject({ ok: true });
    await it.lab.powerOn(before.node!);
    await removeService(it.root, id);
  }, 180_000);

  test('net-manager killed and restarted, cluster and root killed: connections and addresses go on', async () => {
    const caller = one('runccaller').instance;
    const running = load(it.lab, caller, one('runcnode').service.RR_ip, { ms: 8_000, gapMs: 10 });
    for (const [host, program] of [['c1n1', 'net-manager'], ['c1n2', 'net-manager'], ['c1', 'cluster-orchestrator'], ['root', 'root-orchestrator']] as const) {
      await it.lab.kill(host, program);
      await it.lab.start(host, program);
    }
    const { failed, sent, ok } = await running;
    expect(failed).toEqual([]);
    expect(ok).toBe(sent);
  }, 60_000);

  test('with root and the cluster away, a node still knows all that it knew', async () => {
    await it.lab.kill('root', 'root-orchestrator');
    await it.lab.kill('c1', 'cluster-orchestrator');
    try {
      await it.lab.kill('c1n1', 'net-manager');
      await it.lab.start('c1n1', 'net-manager');
      expect(await ask(it.lab, one('runccaller').instance, { via: 'tcp', to: one('runscnode').service.RR_ip })).toMatchObject({ ok: true });
      expect(await ask(it.lab, one('runccaller').instance, { via: 'tcp', to: 'runcsame.mesh' })).toMatchObject({ ok: true });
    } finally {
      await it.lab.start('root', 'root-orchestrator');
      await it.lab.start('c1', 'cluster-orchestrator');
    }
  }, 60_000);
});
