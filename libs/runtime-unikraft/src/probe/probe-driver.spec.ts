import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cgroupFolders, clearCgroup } from '../qemu/cgroup.ts';
import { QemuDriver } from '../qemu/qemu-driver.ts';
import { probeDriver } from './probe-driver.ts';

const never = new AbortController().signal;
const program = '/usr/bin/qemu-system-x86_64';

async function driver(change: Partial<ConstructorParameters<typeof QemuDriver>[0]> = {}): Promise<{ stateDir: string; driver: QemuDriver }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'oak-probe-'));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const cgroupParent = `/oak-probe-${process.pid}`;
  onTestFinished(async () => clearCgroup(await cgroupFolders('', cgroupParent)));
  return { stateDir, driver: new QemuDriver({ program, accelerator: 'tcg', version: undefined, stateDir, cgroupParent, ...change }) };
}

test('a machine that boots guests passes, and nothing is left', async () => {
  const { stateDir, driver: qemu } = await driver();
  expect(await probeDriver(qemu, never)).toMatchObject({ ok: true });
  expect(await readdir(stateDir)).toEqual([]);
});

test('a program that is not there is the reason', async () => {
  const { stateDir, driver: qemu } = await driver({ program: '/nowhere/qemu-system-x86_64' });
  expect(await probeDriver(qemu, never)).toMatchObject({ ok: false, reason: expect.stringContaining('/nowhere/qemu-system-x86_64') as string });
  expect(await readdir(stateDir)).toEqual([]);
});

test('who no longer wants to know hears why', async () => {
  const { stateDir, driver: qemu } = await driver();
  await expect(probeDriver(qemu, AbortSignal.abort(new Error('not now')))).rejects.toThrow('not now');
  expect(await readdir(stateDir)).toEqual([]);
});
