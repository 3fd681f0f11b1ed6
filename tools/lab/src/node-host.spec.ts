import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureImages, registryConfig } from '@oak/fixtures';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { containerdProgram, registryListen } from './apps.ts';
import type { Lab } from './lab.ts';
import { containerdFile } from './node-files.ts';
import { createLab } from './open-lab.ts';
import { machineState, nothingLeft } from './testing/machine-state.ts';

/** Far more than needed: other work on the machine must not decide. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What a node needs before any app of ours runs on it: containerd with each runtime, and images over the wire. */
describe.each(['1.6', '2.3'] as const)('a host with containerd %s', (containerd) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab(await mkdtemp(join(tmpdir(), 'oak-lab-')), async (fresh) => {
      const dir = join(fresh.dir, 'c1n1');
      await Promise.all([fresh.addHost('root', 'root', '10.200.0.2'), fresh.addHost('c1n1', 'node', '10.200.1.2')]);
      const file = join(fresh.dir, 'registry.json');
      await writeFile(file, registryConfig({ listen: registryListen, dir: await ensureImages() }));
      await fresh.run('root', { name: 'registry', argv: ['docker-registry', 'serve', file], ready: { kind: 'http', url: 'http://127.0.0.1:5000/v2/' } });
      await writeFile(join(dir, 'containerd.toml'), containerdFile(dir));
      await fresh.run('c1n1', containerdProgram(dir, { containerd }));
      await ctrIn(fresh)('images', 'pull', '--plain-http', image);
    });
  });
  afterAll(async () => {
    await lab.down();
    expect(await machineState(lab.dir)).toEqual(nothingLeft);
  });

  const image = '10.200.0.2:5000/library/busybox:latest';
  const ctrIn = (at: Lab) => async (...args: string[]) => {
    const outcome = await at.exec('c1n1', ['ctr', '--address', join(at.dir, 'c1n1/containerd.sock'), ...args]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    return outcome.stdout;
  };
  const ctr = (...args: string[]) => ctrIn(lab)(...args);
  /** containerd 2 takes connections a moment before all of its services answer. */
  const serving = () => vi.waitFor(() => ctr('tasks', 'list'), { timeout: 10_000, interval: 100 });
  const cgroup = (id: string) => ['--cgroup', `${lab.record.cgroupParent}/c1n1/${id}`];

  it.each([['runc', 'runc'], ['crun', 'crun']])('runs a container with %s', async (_, binary) => {
    expect(await ctr('run', '--rm', '--runc-binary', binary, ...cgroup(binary), image, `with-${binary}`, 'echo', 'hello')).toBe('hello');
  });

  it('runs a container with runsc, on a kernel of its own', async () => {
    const said = await ctr('run', '--rm', '--runc-binary', 'runsc', '--runc-root', '/run/runsc', ...cgroup('runsc'), image, 'with-runsc', 'dmesg');
    expect(said).toContain('gVisor');
  });

  it('keeps its containers when containerd is killed, and loses them in a power cut', async () => {
    await ctr('run', '--detach', ...cgroup('long'), image, 'long', 'sleep', '100000');
    await lab.kill('c1n1', 'containerd');
    await lab.start('c1n1', 'containerd');
    await serving();
    expect(await ctr('tasks', 'list')).toMatch(/long\s+\d+\s+RUNNING/);
    await lab.powerOff('c1n1');
    await lab.powerOn('c1n1');
    await serving();
    expect(await ctr('tasks', 'list')).not.toContain('long');
    expect(await ctr('containers', 'list')).toContain('long');
  });
});
