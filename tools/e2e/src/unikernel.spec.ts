import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { callerPort } from './callers.ts';
import { deploy, has, install, isRunning, leftovers, removeService, type Installation } from './installation.ts';
import { buildGuestArchive, unikernel, unikernelCaller, type GuestArchive } from './kernels.ts';

vi.setConfig({ testTimeout: 120_000 });

let it: Installation;
let guest: GuestArchive;
let code: string;

beforeAll(async () => {
  guest = await buildGuestArchive();
  it = await install({ clusters: 1, nodes: 1 });
  code = await guest.serve(it.lab);
}, 120_000);
afterAll(async () => {
  await it?.down();
  await guest?.close();
}, 60_000);

const kernel = (...cmd: readonly string[]) => unikernel(code, ...cmd);
const node = 'c1n1';
const machines = (): string => join(it.lab.dir, node, 'node-engine', 'unikernels');

async function begin(microservice: Readonly<Record<string, unknown>>): Promise<string> {
  const service = await deploy(it.root, microservice);
  onTestFinished(() => removeService(it.root, service));
  return service;
}

async function saidBy(service: string, query = ''): Promise<string[]> {
  const answer = await fetch(`${it.root.url}/api/service/${service}/instance/0/logs${query}`, { headers: { authorization: `Bearer ${it.root.token}` } });
  return (await answer.text()).split('\n').filter((line) => line !== '');
}

/** Everything of unikernels on the node. */
async function left(): Promise<unknown> {
  const { stdout } = await it.lab.exec(node, ['sh', '-c', `ps -eo args | grep -c '[o]ak-machine' || true; ls /dev | grep -c oak-tap || true`]);
  const { netns, links } = await leftovers(it.lab, node);
  return { machines: await readdir(machines()), logs: await readdir(join(machines(), '../logs')).catch(() => []), counts: stdout.trim().split('\n'), netns, links };
}

test('the node says which driver and accelerator boot unikernels, proved by a guest', async () => {
  const { nodes } = await it.root.call<{ nodes: { runtimes: { virtualization: string; healthy: boolean; route: string; version?: string; capabilities: object }[] }[] }>('GET', '/api/nodes');
  const runtime = nodes[0]?.runtimes.find(({ virtualization }) => virtualization === 'unikernel');
  expect(runtime).toMatchObject({ healthy: true, route: expect.stringMatching(/^qemu, (kvm|tcg)$/) as string, version: expect.stringMatching(/^\d+\.\d+/) as string, capabilities: { exec: false, stats: true } });
});

test('a unikernel runs beside a container, its output is read through REST, and nothing is left of it', async () => {
  const container = await begin({});
  const service = await deploy(it.root, { ...kernel('say:hello', 'show:environment', 'forever'), environment: ['COLOUR=blue'] });
  await it.root.until(container, 0, isRunning);
  const running = await it.root.until(service, 0, isRunning);
  expect(running).toMatchObject({ virtualization: 'unikernel', node, route: expect.stringMatching(/^qemu/) as string });
  expect(Object.keys(running.phases_ms ?? {})).toEqual(expect.arrayContaining(['prepare', 'attach', 'start', 'total']));
  await vi.waitFor(async () => { expect(await saidBy(service)).toEqual(expect.arrayContaining(['hello', 'COLOUR=blue'])); }, { timeout: 20_000, interval: 200 });
  expect(await saidBy(service, '?tail=1')).toHaveLength(1);
  await removeService(it.root, service);
  await removeService(it.root, container);
  await vi.waitFor(async () => { expect(await left()).toEqual({ machines: [], logs: [], counts: ['0', '0'], netns: [], links: [] }); }, { timeout: 20_000, interval: 250 });
});

describe('ends', () => {
  test('one_shot: an end by itself completes it', async () => {
    const service = await begin({ ...kernel('say:done'), one_shot: true });
    expect(await it.root.until(service, 0, has('COMPLETED'))).toMatchObject({ exit_code: 0, restarts: 0 });
    expect(await saidBy(service)).toEqual(['done']);
  });

  test.each([['panic', /the guest panicked/], ['reboot', /the guest reset its machine/], ['exit:7', /exited with code 7/]])('%s is DEAD, and the detail says how', async (word, detail) => {
    const service = await begin(kernel('say:up', word));
    expect((await it.root.until(service, 0, has('DEAD'))).status_detail).toMatch(detail);
  });

  test.each([
    ['a kernel that is not there', { code: 'http://10.200.0.2:1/none' }, /10\.200\.0\.2:1/],
    ['privileges', { privileged: true }, /privileged/],
  ])('%s is said', async (_what, change, detail) => {
    const service = await begin({ ...kernel('forever'), ...change });
    expect((await it.root.until(service, 0, (one) => one.status === 'FAILED' || one.status.startsWith('NoActiveCluster'))).status_detail).toMatch(detail);
  });
});

test('node-engine is killed and comes back: the machine is the same process, and can still be stopped', async () => {
  const service = await deploy(it.root, kernel('say:up', 'forever'));
  const { id } = await it.root.until(service, 0, isRunning);
  const pid = async (): Promise<string> => (await readFile(join(machines(), id, 'process'), 'utf8')).split(' ')[0] ?? '';
  const before = await pid();
  await it.lab.kill(node, 'node-engine');
  await it.lab.start(node, 'node-engine');
  await it.root.until(service, 0, isRunning);
  expect(await pid()).toBe(before);
  expect(await it.root.instance(service, 0)).toMatchObject({ restarts: 0 });
  await vi.waitFor(async () => { expect(await saidBy(service)).toEqual(['up']); }, { timeout: 30_000, interval: 250 });
  await removeService(it.root, service);
  await vi.waitFor(async () => { expect(await readdir(machines())).toEqual([]); }, { timeout: 20_000, interval: 250 });
});

test('net-manager is killed and comes back, the power goes and comes back: the guest is reached again', async () => {
  const service = await begin({ ...unikernelCaller(code), readiness: { port: callerPort } });
  const reached = async (): Promise<void> => {
    const { namespace_ip: address } = await it.root.until(service, 0, (one) => one.ready);
    const { stdout, stderr } = await it.lab.exec(node, ['curl', '--silent', '--show-error', '--max-time', '5', `http://${address ?? ''}:${callerPort}/who`]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ to: address });
  };
  await reached();
  await it.lab.kill(node, 'net-manager');
  await it.lab.start(node, 'net-manager');
  await vi.waitFor(reached, { timeout: 30_000, interval: 500 });
  expect(await it.root.instance(service, 0)).toMatchObject({ restarts: 0 });
  await it.lab.powerOff(node);
  await it.lab.powerOn(node);
  const again = await it.root.until(service, 0, (one) => one.ready && one.restarts > 0);
  expect(again.status_detail).toMatch(/running/);
  await vi.waitFor(reached, { timeout: 30_000, interval: 500 });
});
