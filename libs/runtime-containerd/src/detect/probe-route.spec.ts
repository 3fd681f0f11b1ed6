import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ContainerdClient } from '../client/containerd-client.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { startContainerd, testHandlers, type PrivateContainerd } from '../testing/private-containerd.ts';
import { daemonPath, findProgram } from './daemon-path.ts';
import { probeRoute, sweepProbes } from './probe-route.ts';
import { readHandlers } from './read-handlers.ts';
import { routesOf } from './routes.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const handlers = {
  ...testHandlers,
  broken: { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: 'no-such-runtime' } },
  shimless: { runtimeType: 'io.containerd.nowhere.v1' },
  liar: { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: '/bin/true' } },
};
const never = new AbortController().signal;

describe.each(['1.6', '2.3'] as const)('containerd %s', (version) => {
  const cgroupParent = `/oak-probe-${process.pid}-${version.replace('.', '')}`;
  let dir: string;
  let containerd: PrivateContainerd;
  let client: ContainerdClient;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'oak-probe-'));
    containerd = await startContainerd({ version, dir, handlers, cgroupParent });
    client = ContainerdClient.connect({ socket: containerd.socket, namespace: 'oak-probe' });
    // Other probes of this machine are not ours to count.
    vi.stubEnv('TMPDIR', dir);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    client?.close();
    await containerd?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const routesFor = (name: string) => {
    const handler = readHandlers(containerd.configPath).handlers.find((one) => one.name === name);
    return handler ? routesOf(handler, join(dir, 'runtime')) : [];
  };
  const path = () => daemonPath(containerd.socket) ?? '';

  async function leftovers() {
    const { containers } = await client.call(ContainersDefinition, 'list', {});
    const { tasks } = await client.call(TasksDefinition, 'list', {});
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(`${dir}/oakestra-probe-`));
    const processes = execFileSync('ps', ['-eo', 'args']).toString().split('\n').filter((line) => line.includes(containerd.socket) && line.includes('shim'));
    return { containers, tasks, mounts, processes, folders: readdirSync(tmpdir()).filter((name) => name.startsWith('oakestra-probe-')) };
  }
  const nothing = { containers: [], tasks: [], mounts: [], processes: [], folders: [] };

  test("programs are looked up on the daemon's PATH", () => {
    expect(path()).toContain(process.env['PATH']);
    expect(findProgram('containerd-shim-runc-v2', path())).toMatch(/^\/.*containerd-shim-runc-v2$/);
    expect(findProgram('containerd-shim-nowhere-v1', path())).toBeUndefined();
    expect(daemonPath(join(dir, 'nobody.sock'))).toBeUndefined();
    symlinkSync(containerd.socket, join(dir, 'link.sock'));
    expect(daemonPath(join(dir, 'link.sock'))).toBe(path());
  });

  test.each(['runc', 'crun'])('%s works', async (name) => {
    const [route] = routesFor(name);
    expect(route && await probeRoute(client, route, { cgroupParent }, never)).toMatchObject({ ok: true, ms: expect.any(Number) as number });
    await vi.waitFor(async () => expect(await leftovers()).toEqual(nothing), 5_000);
  });

  test("runsc works below runc's shim; its own shim, where it is not installed, is not found", async () => {
    const [own, below] = routesFor('runsc');
    expect(own?.requires.filter((program) => findProgram(program, path()) === undefined)).toEqual(['containerd-shim-runsc-v1']);
    expect(own && await probeRoute(client, own, { cgroupParent }, never)).toMatchObject({ ok: false, reason: expect.stringMatching(/containerd-shim-runsc-v1.*install the shim/s) as string });
    expect(below && await probeRoute(client, below, { cgroupParent }, never)).toMatchObject({ ok: true });
    await vi.waitFor(async () => expect(await leftovers()).toEqual(nothing), 5_000);
  });

  test.each([
    ['broken', /no-such-runtime/], ['shimless', /containerd-shim-nowhere-v1/], ['liar', /./],
  ])('%s does not, with a reason, and leaves nothing', async (name, reason) => {
    const [route] = routesFor(name);
    expect(route && await probeRoute(client, route, { cgroupParent, deadlineMs: 5_000 }, never)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) as string });
    await vi.waitFor(async () => expect(await leftovers()).toEqual(nothing), 5_000);
  });

  test('a probe ends at its deadline or with its signal, and leaves nothing', async () => {
    const [route] = routesFor('runc');
    expect(route && await probeRoute(client, route, { cgroupParent, deadlineMs: 150 }, never)).toMatchObject({ ok: false, reason: expect.stringMatching(/did not end within 0\.15 s/) as string });
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const probing = route && probeRoute(client, route, { cgroupParent }, controller.signal);
    setTimeout(() => controller.abort(reason), 100);
    await expect(probing).rejects.toBe(reason);
    await vi.waitFor(async () => expect(await leftovers()).toEqual(nothing), 5_000);
  });

  test('the probe of a node engine that was killed is swept away, a young one is left alone', async () => {
    const id = 'probe0123456789abcdef0123';
    mkdirSync(join(tmpdir(), `oakestra-probe-${id}`));
    await client.call(ContainersDefinition, 'create', { container: { id, labels: { 'oakestra/probe': 'true' }, runtime: { name: 'io.containerd.runc.v2' }, spec: { typeUrl: 'x', value: Buffer.from('{}') } } });
    await sweepProbes(client, 60_000, never);
    expect((await leftovers()).containers).toHaveLength(1);
    await sweepProbes(client, 0, never);
    expect(await leftovers()).toEqual(nothing);
  });
});

test('a containerd that is down is a reason, not an end', async () => {
  const client = ContainerdClient.connect({ socket: '/nowhere/containerd.sock', namespace: 'oak-probe' });
  onTestFinished(() => client.close());
  const [route] = routesOf({ name: 'runc', runtimeType: 'io.containerd.runc.v2', binaryName: undefined, configPath: undefined, typeUrl: undefined, runtimePath: undefined, isDefault: true }, '/nowhere');
  expect(route && await probeRoute(client, route, { cgroupParent: '/nowhere' }, never)).toMatchObject({ ok: false, reason: expect.stringMatching(/is containerd running/) as string });
});
