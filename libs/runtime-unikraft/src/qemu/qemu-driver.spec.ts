import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RuntimeError, type Exit } from '@oak/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Boot, Machine } from '../driver.ts';
import { openUnikraftBench, type UnikraftBench } from '../testing/unikraft-subject.ts';
import { readCgroup } from './cgroup.ts';
import { MachineFolder } from './machine-folder.ts';
import { QemuDriver, type QemuDriverOptions } from './qemu-driver.ts';

vi.setConfig({ testTimeout: 60_000 });

const exec = promisify(execFile);
const never = new AbortController().signal;
const startMain = fileURLToPath(new URL('../testing/start-main.ts', import.meta.url));

let bench: UnikraftBench;
let options: QemuDriverOptions;
beforeAll(async () => {
  bench = await openUnikraftBench();
  options = { ...bench.places, program: '/usr/bin/qemu-system-x86_64', accelerator: 'tcg', version: undefined };
});
afterAll(() => bench?.close());
const undo: (() => unknown)[] = [];
const afterwards = (step: () => unknown): void => { undo.push(step); };
afterEach(async () => {
  for (let step = undo.pop(); step; step = undo.pop()) await step();
  expect(await bench.subject(new QemuDriver(options)).leftovers()).toEqual([]);
});

let count = 0;
async function aBoot(command: readonly string[], change: Partial<Boot> = {}): Promise<Boot> {
  const id = (process.pid.toString(16).padStart(8, '0') + (count++).toString(16)).padEnd(24, 'e');
  const { stdout } = await bench.logs.create(id);
  afterwards(async () => {
    await new QemuDriver(options).remove(id, never);
    await bench.logs.remove(id);
  });
  const kernel = await bench.kernels.ensure('plain', never);
  return { id, name: `machine ${id}`, labels: { a: 'b' }, kernel, command, environment: [], vcpus: 1, memoryMiB: 32, cpuLimit: 0, network: undefined, logPath: stdout, ...change };
}

async function network(): Promise<NonNullable<Boot['network']>> {
  const { attachment, detach } = await bench.attach();
  afterwards(detach);
  return { netnsPath: attachment.netnsPath, hostname: 'uni', nameservers: ['10.18.0.1', 'fc00::1'], searchDomains: ['shop'] };
}

const find = async (driver: QemuDriver, id: string): Promise<Machine | undefined> => (await driver.list(never)).find((machine) => machine.id === id);
async function ended(driver: QemuDriver, id: string): Promise<Exit | undefined> {
  await vi.waitFor(async () => { expect((await find(driver, id))?.phase).toBe('stopped'); }, { timeout: 30_000, interval: 50 });
  return (await find(driver, id))?.exit;
}
const said = async ({ logPath }: Boot): Promise<string[]> => (await readFile(logPath, 'utf8')).split('\n').filter((line) => line !== '');
const speaks = (boot: Boot, line: string) => vi.waitFor(async () => { expect(await said(boot)).toContain(line); }, { timeout: 30_000, interval: 20 });
const parentOf = async (pid: number): Promise<number> => Number((await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) \S+ /s, '').split(' ')[0]);

describe('ends are told apart', () => {
  test.each<[string, string[], Partial<Exit>]>([
    ['an end by itself', ['say:up'], { code: 0 }],
    ['a code', ['exit:9'], { code: 9 }],
    ['a code like a signal', ['exit:100'], { code: 100 }],
    ['a panic', ['panic'], { code: 134, detail: 'the guest panicked' }],
    ['more memory than there is', ['eat:64'], { code: 134, detail: 'the guest panicked' }],
    ['a reboot', ['reboot'], { code: 1, detail: expect.stringContaining('reset') as string }],
  ])('%s', async (_what, command, exit) => {
    const driver = new QemuDriver(options);
    const boot = await aBoot(command);
    await driver.start(boot, never);
    expect(await ended(driver, boot.id)).toMatchObject({ oomKilled: false, ...exit });
  });

  test('a machine that somebody kills', async () => {
    const driver = new QemuDriver(options);
    const boot = await aBoot(['say:up', 'forever']);
    const { pid } = await driver.start(boot, never);
    process.kill(pid ?? 0, 'SIGKILL');
    expect(await ended(driver, boot.id)).toMatchObject({ code: 137, detail: expect.stringContaining('killed') as string });
  });

  test('a machine whose parent was killed before it: nobody saw how it ended, and it is heard of', async () => {
    const driver = new QemuDriver(options);
    const heard: unknown[] = [];
    afterwards(driver.watch((event) => heard.push(event)));
    const boot = await aBoot(['say:up', 'forever']);
    const { pid = 0 } = await driver.start(boot, never);
    process.kill(await parentOf(pid), 'SIGKILL');
    expect(await find(driver, boot.id)).toMatchObject({ phase: 'running', pid });
    process.kill(pid, 'SIGKILL');
    const exit = await ended(driver, boot.id);
    expect(exit).toMatchObject({ code: undefined, oomKilled: false });
    expect(await ended(driver, boot.id)).toEqual(exit);
    await expect.poll(() => heard, { timeout: 10_000 }).toContainEqual({ id: boot.id, kind: 'exited' });
  });
});

test('a machine is nobody, may gain nothing, and has its limits', async () => {
  const driver = new QemuDriver(options);
  const boot = await aBoot(['say:up', 'forever'], { memoryMiB: 40, cpuLimit: 0.5, network: await network() });
  const { pid = 0 } = await driver.start(boot, never);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t(161\d{7}|162\d{7})\t\1\t\1\t\1$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status).toMatch(/^Seccomp:\t2$/m);
  const record = await new MachineFolder(bench.places.stateDir, boot.id).record();
  expect((await readCgroup(record?.cgroups ?? [])).memoryLimitBytes).toBe((40 + 96) * 2 ** 20);
  const quota = await Promise.all((record?.cgroups ?? []).map((folder) => readFile(join(folder, 'cpu.cfs_quota_us'), 'utf8').catch(() => readFile(join(folder, 'cpu.max'), 'utf8').catch(() => ''))));
  expect(quota.join('').trim()).toMatch(/^50000/);
  await driver.remove(boot.id, never);
  const { stdout } = await exec('nsenter', [`--net=${boot.network?.netnsPath ?? ''}`, 'ip', '-o', 'link', 'show']);
  expect(stdout).not.toContain('guest0');
});

test('the guest answers at its addresses, by eth0 of its namespace', async () => {
  const driver = new QemuDriver(options);
  const boot = await aBoot(['http:80', 'say:up', 'forever'], { network: await network() });
  const netns = boot.network?.netnsPath ?? '';
  // Both ends of the wire are in one namespace here, so the other one moves away.
  const peer = `oak-uk-peer-${process.pid}`;
  await exec('ip', ['netns', 'add', peer]);
  afterwards(async () => { await exec('ip', ['netns', 'del', peer]); });
  await exec('nsenter', [`--net=${netns}`, 'ip', 'link', 'set', 'other', 'netns', `/run/netns/${peer}`]);
  await exec('ip', ['netns', 'exec', peer, 'sh', '-c', 'ip link set other up; ip address add 10.18.0.1/24 dev other; ip address add fc00::1/64 dev other nodad']);
  await exec('nsenter', [`--net=${netns}`, 'sh', '-c', 'ip route replace 10.18.0.1 dev eth0 scope link; ip route replace default via 10.18.0.1 dev eth0; ip -6 route replace fc00::1 dev eth0; ip -6 route replace default via fc00::1 dev eth0']);
  await driver.start(boot, never);
  await speaks(boot, 'up');
  for (const address of ['10.18.0.5', '[fc00::5]']) {
    const { stdout } = await exec('ip', ['netns', 'exec', peer, 'curl', '--silent', '--max-time', '10', `http://${address}/who`]);
    expect(JSON.parse(stdout)).toMatchObject({ host: 'uni' });
  }
});

test('a machine that hangs holds up nobody, and goes when it shall', async () => {
  const driver = new QemuDriver(options);
  const hung = await aBoot(['say:up', 'forever']);
  const { pid = 0 } = await driver.start(hung, never);
  process.kill(pid, 'SIGSTOP');
  const other = await aBoot(['say:up', 'forever']);
  await driver.start(other, never);
  expect((await driver.list(never)).map(({ phase }) => phase)).toEqual(['running', 'running']);
  expect((await driver.stats(never)).map(({ id }) => id).sort()).toEqual([hung.id, other.id].sort());
  await driver.stop(other.id, 5_000, never);
  expect(await driver.stop(hung.id, 100, never)).toMatchObject({ code: 137 });
});

test('what QEMU says on its way does not fill the disk', async () => {
  const driver = new QemuDriver(options);
  const boot = await aBoot(['say:up', 'forever']);
  await driver.start(boot, never);
  const folder = new MachineFolder(bench.places.stateDir, boot.id);
  await appendFile(folder.file('events'), 'x'.repeat(2 ** 20 + 1));
  await driver.list(never);
  expect((await folder.text('events'))?.length).toBe(0);
  expect(await driver.stop(boot.id, 10_000, never)).toMatchObject({ code: 143 });
});

test('a guest that does not hear the power button is unplugged', async () => {
  const driver = new QemuDriver(options);
  const boot = await aBoot(['say:up', 'hang']);
  await driver.start(boot, never);
  await speaks(boot, 'up');
  expect(await driver.stop(boot.id, 200, never)).toMatchObject({ code: 137 });
});

/** A cpio archive (newc) with one file. */
function cpio(name: string, content: string): Buffer {
  const padded = (text: string): string => text + '\0'.repeat(-text.length & 3);
  const entry = (path: string, mode: number, body: string): string => {
    const fields = [0, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, path.length + 1, 0].map((value) => value.toString(16).padStart(8, '0'));
    return padded(`070701${fields.join('')}${path}\0`) + padded(body);
  };
  return Buffer.from(entry(name, 0o100644, content) + entry('TRAILER!!!', 0, ''), 'latin1');
}

test('files of the kernel are there in its initrd', async () => {
  const initrdPath = join(bench.dir, 'files.cpio');
  await writeFile(initrdPath, cpio('greeting', 'content'));
  const plain = await bench.kernels.ensure('plain', never);
  const driver = new QemuDriver(options);
  const boot = await aBoot(['show:files'], { kernel: { ...plain, initrdPath } });
  await driver.start(boot, never);
  await ended(driver, boot.id);
  expect((await said(boot)).join(' ')).toContain('greeting');
});

test('a tree of files is handed over as a copy that only this machine has', async () => {
  const filesPath = join(bench.dir, 'tree');
  await exec('sh', ['-c', 'mkdir -p "$0/etc" && echo hosts > "$0/etc/hosts" && ln -sfn /etc/shadow "$0/link"', filesPath]);
  const plain = await bench.kernels.ensure('plain', never);
  const driver = new QemuDriver(options);
  const boot = await aBoot(['say:up', 'forever'], { kernel: { ...plain, filesPath } });
  const { pid = 0 } = await driver.start(boot, never);
  const copy = new MachineFolder(bench.places.stateDir, boot.id).file('files');
  expect((await readdir(copy)).sort()).toEqual(['etc', 'link']);
  const { stdout } = await exec('stat', ['-c', '%u', join(copy, 'etc/hosts')]);
  expect(await readFile(`/proc/${pid}/status`, 'utf8')).toContain(`Uid:\t${stdout.trim()}\t`);
  expect((await exec('stat', ['-c', '%u', '/etc/shadow'])).stdout.trim()).toBe('0');
});

test('what QEMU can not boot is said in its words, and nothing is left', async () => {
  const driver = new QemuDriver(options);
  const path = join(bench.dir, 'nonsense');
  await writeFile(path, 'nonsense');
  const boot = await aBoot([], { kernel: { kernelPath: path, command: [], environment: [] } });
  const error: unknown = await driver.start(boot, never).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RuntimeError);
  expect(error).toMatchObject({ kind: 'failed', message: expect.stringMatching(/QEMU does not boot it: .*kernel/) as string });
});

describe('node-engine is killed while it starts a machine', () => {
  const sights: Record<string, (boot: Boot) => boolean> = {
    'when its folder is there': ({ id }) => existsSync(new MachineFolder(bench.places.stateDir, id).file('record.json')),
    'when its pipe is there': ({ id }) => existsSync(new MachineFolder(bench.places.stateDir, id).file('commands')),
    'when its parent runs': ({ id }) => existsSync(new MachineFolder(bench.places.stateDir, id).file('events')),
    'when its process is known': ({ id }) => existsSync(new MachineFolder(bench.places.stateDir, id).file('process')),
  };
  test.each(Object.keys(sights))('%s: the next life has it or begins anew, once', async (sight) => {
    const boot = await aBoot(['say:up', 'forever'], { network: await network() });
    const engine = spawn(process.execPath, [startMain, JSON.stringify({ options, boot })], { stdio: 'ignore' });
    const gone = new Promise((resolve) => { engine.once('exit', resolve); });
    afterwards(() => { engine.kill('SIGKILL'); });
    while (!sights[sight]?.(boot)) await pause(1);
    engine.kill('SIGKILL');
    await gone;
    const driver = new QemuDriver(options);
    const found = await find(driver, boot.id);
    const machine = found?.phase === 'running' ? found : await driver.start(boot, never);
    expect(machine).toMatchObject({ id: boot.id, phase: 'running', labels: { a: 'b' } });
    await speaks(boot, 'up');
    const { stdout } = await exec('sh', ['-c', `pgrep -f -c "[o]ak-${boot.id}" || true`]);
    // The parent's own line has the name too.
    expect(Number(stdout)).toBe(2);
    await driver.remove(boot.id, never);
  });
});
