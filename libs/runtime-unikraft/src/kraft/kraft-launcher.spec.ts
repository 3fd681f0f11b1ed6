import { readdirSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exit } from '@oak/runtime';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Boot, Machine } from '../driver.ts';
import { probeDriver } from '../probe/probe-driver.ts';
import { QemuDriver } from '../qemu/qemu-driver.ts';
import { kraftProgram, program, run } from '../testing/kraft-program.ts';
import { openUnikraftBench, type UnikraftBench } from '../testing/unikraft-subject.ts';
import { KraftLauncher, type KraftLauncherOptions } from './kraft-launcher.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const never = new AbortController().signal;
let bench: UnikraftBench;
let storesDir: string;
let kraft: string;

beforeAll(async () => {
  storesDir = await mkdtemp('/tmp/oak-k-');
  await chmod(storesDir, 0o711);
  bench = await openUnikraftBench();
  kraft = await kraftProgram(bench.dir);
});
afterAll(async () => {
  await bench?.close();
  await rm(storesDir, { recursive: true, force: true });
});

const undo: (() => unknown)[] = [];
const afterwards = (step: () => unknown): void => { undo.push(step); };
afterEach(async () => {
  for (let step = undo.pop(); step; step = undo.pop()) await step();
  expect([...(await bench.subject(driver()).leftovers()), ...(await readdir(storesDir))]).toEqual([]);
});

const driver = (change: Partial<KraftLauncherOptions> = {}): QemuDriver =>
  new QemuDriver({ ...bench.places, program: '/usr/bin/qemu-system-x86_64', accelerator: 'tcg', version: undefined, launcher: new KraftLauncher({ kraft, accelerator: 'tcg', storesDir, ...change }) });

let count = 0;
async function aBoot(command: readonly string[], change: Partial<Boot> = {}): Promise<Boot> {
  const id = (process.pid.toString(16).padStart(8, '0') + (count++).toString(16)).padEnd(24, 'd');
  const { stdout } = await bench.logs.create(id);
  afterwards(async () => {
    await driver().remove(id, never);
    await bench.logs.remove(id);
  });
  return { id, name: `machine ${id}`, labels: {}, kernel: await bench.kernels.ensure('plain', never), command, environment: [], vcpus: 1, memoryMiB: 8, cpuLimit: 0, network: undefined, logPath: stdout, ...change };
}

const find = async (id: string): Promise<Machine | undefined> => (await driver().list(never)).find((machine) => machine.id === id);
async function ended(id: string): Promise<Exit | undefined> {
  await vi.waitFor(async () => { expect((await find(id))?.phase).toBe('stopped'); }, { timeout: 30_000, interval: 50 });
  return (await find(id))?.exit;
}
const said = async ({ logPath }: Boot): Promise<string[]> => (await readFile(logPath, 'utf8')).split('\n').filter((line) => line !== '');
const speaks = (boot: Boot, line: string) => vi.waitFor(async () => { expect(await said(boot)).toContain(line); }, { timeout: 30_000, interval: 20 });
const lineOf = async (pid: number | undefined): Promise<string> => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
/** kraft's own list of the machines in one store. */
const listed = async (id: string): Promise<{ status: string; mem: string; pid: string }[]> => {
  const { stdout } = await run(kraft, ['ps', '-a', '-l', '-o', 'json'], { env: { ...process.env, KRAFTKIT_RUNTIME_DIR: join(storesDir, id), KRAFTKIT_LOG_LEVEL: 'error' } });
  return JSON.parse(stdout) as { status: string; mem: string; pid: string }[];
};

test('kraft knows the machine that we see', async () => {
  const boot = await aBoot(['say:up', 'forever']);
  const { pid } = await driver().start(boot, never);
  expect(await listed(boot.id)).toMatchObject([{ name: `oak-${boot.id}`, status: 'running', mem: '8M', pid: String(pid) }]);
});

test('the probe passes by kraft, and names what kraft says when it does not', async () => {
  expect(await probeDriver(driver(), never)).toMatchObject({ ok: true });
  const broken = await program(bench.dir, 'broken-kraft', 'echo " E  could not open machine store"; exit 1');
  expect(await probeDriver(driver({ kraft: broken }), never)).toMatchObject({ ok: false, reason: expect.stringContaining('could not open machine store') as string });
  expect(await probeDriver(driver({ kraft: '/nowhere/kraft' }), never)).toMatchObject({ ok: false, reason: expect.stringContaining('/nowhere/kraft') as string });
});

test.each([['exit:0', 0], ['exit:7', 7], ['panic', 134], ['reboot', 1]])('%s, which kraft calls exited like any other end, is told as code %i', async (word, code) => {
  const boot = await aBoot([word]);
  await driver().start(boot, never);
  expect(await ended(boot.id)).toMatchObject({ code });
  expect(await listed(boot.id)).toMatchObject([{ status: 'exited' }]);
});

test('a machine that hangs holds up no other: not its start, its end or the list', async () => {
  const hung = await aBoot(['say:up', 'forever']);
  const { pid = 0 } = await driver().start(hung, never);
  process.kill(pid, 'SIGSTOP');
  const other = await aBoot(['say:up', 'forever']);
  expect(await driver().start(other, never)).toMatchObject({ phase: 'running' });
  await speaks(other, 'up');
  expect((await driver().list(never)).map(({ phase }) => phase)).toEqual(['running', 'running']);
  await driver().stop(other.id, 5000, never);
  expect(await ended(other.id)).toMatchObject({ code: 143 });
  expect(await driver().stop(hung.id, 100, never)).toMatchObject({ code: 137 });
});

test('a killed QEMU is no zombie, and starts again with all its memory', async () => {
  const boot = await aBoot(['say:up', 'forever']);
  for (const _life of [1, 2, 3]) {
    const { pid = 0 } = await driver().start(boot, never);
    expect(await listed(boot.id)).toMatchObject([{ mem: '8M', pid: String(pid) }]);
    process.kill(pid, 'SIGKILL');
    expect(await ended(boot.id)).toMatchObject({ code: 137 });
    expect(await listed(boot.id)).toMatchObject([{ status: 'exited' }]);
  }
});

test('a kraft that never answers is killed with all that it started, and leaves nothing', async () => {
  const marker = join(bench.dir, 'went-on');
  const deaf = await program(bench.dir, 'deaf-kraft', `trap '' TERM; sleep 1000 & wait; touch ${marker}`);
  await expect(driver({ kraft: deaf, callMs: 300 }).start(await aBoot(['forever']), never)).rejects.toThrow('did not answer within 0.3 s');
  expect(readdirSync(bench.dir)).not.toContain('went-on');
  const { stdout } = await run('ps', ['-eo', 'args']);
  expect(stdout).not.toContain(deaf);
});

test('a guest that kraft let go runs on, whatever becomes of kraft', async () => {
  const failing = await program(bench.dir, 'failing-kraft', `'${kraft}' "$@"; exit 1`);
  expect(await driver({ kraft: failing }).start(await aBoot(['say:up', 'forever']), never)).toMatchObject({ phase: 'running' });
});

test('many at once wait for no lock', async () => {
  const boots = await Promise.all(Array.from({ length: 6 }, () => aBoot(['say:up', 'forever'])));
  const machines = await Promise.all(boots.map((boot) => driver().start(boot, never)));
  expect(machines.map(({ phase }) => phase)).toEqual(Array(6).fill('running'));
});

test('each machine boots its own archive, not the one that lies around', async () => {
  const archives = await Promise.all(['first', 'second'].map(async (name) => {
    const folder = join(bench.dir, name);
    await mkdir(folder);
    afterwards(() => rm(folder, { recursive: true }));
    await cp(import.meta.filename, join(folder, `${name}.txt`));
    await run('sh', ['-c', `find . | busybox cpio -o -H newc > ../${name}.cpio`], { cwd: folder });
    return join(bench.dir, `${name}.cpio`);
  }));
  const boots = await Promise.all(archives.map((initrdPath) => aBoot(['show:files', 'say:up', 'forever'], { kernel: { kernelPath: join(bench.dir, 'kernel'), initrdPath, command: [], environment: [] } })));
  for (const [index, boot] of boots.entries()) {
    await driver().start(boot, never);
    await speaks(boot, 'up');
    expect((await said(boot)).join()).toContain(['first.txt', 'second.txt'][index]);
  }
});

test('the guest has the MAC and the address of its eth0, and no user or right of ours', async () => {
  const { attachment, detach } = await bench.attach();
  afterwards(detach);
  const { stdout } = await run('nsenter', [`--net=${attachment.netnsPath}`, 'ip', '-j', 'link', 'show', 'dev', 'eth0']);
  const [{ address = '' } = {}] = JSON.parse(stdout) as { address?: string }[];
  const boot = await aBoot(['show:address', 'show:environment', 'say:up', 'forever'], { environment: [`QUOTED=it's "here"`.replace('"here"', 'here')], network: { netnsPath: attachment.netnsPath, hostname: 'uni', nameservers: [], searchDomains: [] } });
  const { pid } = await driver().start(boot, never);
  await speaks(boot, 'up');
  expect(await lineOf(pid)).toContain(`mac=${address}`);
  expect((await said(boot))[0]).toMatch(/^10\.18\.0\.5\/32:10\.18\.0\.1/);
  expect(await said(boot)).toContain(`QUOTED=it's here`);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(/^CapEff:\s+0+$/m);
  expect(status).toMatch(/^Seccomp:\s+2$/m);
  expect(status).not.toMatch(/^Uid:\s+0\b/m);
});

test('a path that no socket takes is said before anything begins', async () => {
  await expect(driver({ storesDir: `/tmp/${'x'.repeat(60)}` }).start(await aBoot(['forever']), never)).rejects.toThrow('too long a path');
});
