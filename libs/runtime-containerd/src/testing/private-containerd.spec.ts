import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { allPids, argumentsOf, isAlive, withDescendants } from './proc.ts';
import { type ContainerdOptions, startContainerd, toolsDir } from './private-containerd.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const exec = promisify(execFile);

async function daemon(version: ContainerdOptions['version'], more: Partial<ContainerdOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'oak-containerd-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const containerd = await startContainerd({ version, dir, ...more });
  onTestFinished(() => containerd.stop());
  return containerd;
}

const ctr = (socket: string, ...args: string[]) => exec('/usr/bin/ctr', ['-a', socket, ...args]);

async function belonging(dir: string): Promise<number[]> {
  const pids = await allPids();
  const own = await Promise.all(pids.map(async (pid) => pid !== process.pid && (await argumentsOf(pid)).some((one) => one.includes(dir))));
  return pids.filter((_pid, index) => own[index]);
}

test.each(['1.6', '2.3'] as const)('containerd %s answers, survives a kill, and stops without a trace', async (version) => {
  const containerd = await daemon(version);
  expect((await ctr(containerd.socket, 'version')).stdout).toMatch(version === '1.6' ? /Server:\n +Version: +1\.6\./ : /Server:\n +Version: +2\.3\./);
  const before = containerd.pid;
  await containerd.restart();
  expect(containerd.pid).not.toBe(before);
  expect((await ctr(containerd.socket, 'namespaces', 'ls')).stdout).toContain('NAME');
  await containerd.stop();
  expect(await belonging(containerd.dir)).toEqual([]);
  await expect(access(containerd.socket)).rejects.toThrow();
});

test('stop ends containers, shims, mounts and cgroups, with the daemon alive or dead', async () => {
  const cgroupParent = `/oak-spec-${process.pid}`;
  const containerd = await daemon('1.6', { cgroupParent });
  const rootfs = await mkdtemp(join(tmpdir(), 'oak-rootfs-'));
  onTestFinished(() => rm(rootfs, { recursive: true, force: true }));
  await exec('sh', ['-c', `mkdir -p ${rootfs}/bin && cp /bin/busybox ${rootfs}/bin/sh`]);
  await ctr(containerd.socket, 'run', '-d', '--null-io', '--rootfs', '--cgroup', `${cgroupParent}/one`, rootfs, 'one', '/bin/sh', '-c', 'while :; do /bin/sh -c "sleep 1"; done');
  await access(`/sys/fs/cgroup/memory${cgroupParent}/one`);
  await containerd.kill();
  const family = await withDescendants(await belonging(containerd.dir));
  expect(family.length).toBeGreaterThan(1);
  await containerd.stop();
  expect(await Promise.all(family.map(isAlive))).not.toContain(true);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(containerd.dir);
  await expect(access(`/sys/fs/cgroup/memory${cgroupParent}`)).rejects.toThrow();
});

test('a missing binary says how to get it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'oak-containerd-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const before = toolsDir();
  process.env['OAK_TOOLS_DIR'] = join(dir, 'nothing');
  onTestFinished(() => void (process.env['OAK_TOOLS_DIR'] = before));
  await expect(startContainerd({ version: '2.3', dir })).rejects.toThrow(/containerd is missing.*npm run setup/);
  expect(await belonging(dir)).toEqual([]);
});
