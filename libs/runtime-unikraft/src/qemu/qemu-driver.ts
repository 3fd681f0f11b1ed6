import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chown, cp, lstat, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError, type Exit, type RuntimeEvent, type Stats } from '@oak/runtime';
import { bootLine } from '../boot-line.ts';
import type { Accelerator, Boot, DriverDescription, Machine, UnikernelDriver } from '../driver.ts';
import { cgroupFolders, clearCgroup, createCgroup, kill, readCgroup } from './cgroup.ts';
import { exitOf } from './ending.ts';
import { FolderWatch } from './folder-watch.ts';
import { closeGuestNetwork, openGuestNetwork } from './guest-network.ts';
import { directly, type Launcher } from './launch.ts';
import { isAlive, MachineFolder, machineIds, type MachineRecord } from './machine-folder.ts';
import { Monitor, programCounter } from './monitor.ts';
import { qemuArguments } from './qemu-arguments.ts';
import { until } from './until.ts';

const exec = promisify(execFile);

export interface QemuDriverOptions {
  /** Absolute path of qemu-system-x86_64. */
  readonly program: string;
  readonly accelerator: Accelerator;
  readonly version: string | undefined;
  /** Folder of the machines' folders; only root reads it. */
  readonly stateDir: string;
  /** Cgroup below which all machines are, e.g. `/oakestra`. */
  readonly cgroupParent: string;
  /** Until a guest that has neither spoken nor reached its kernel is given up. */
  readonly bootMs?: number;
  /** Default: by ourselves. */
  readonly launcher?: Launcher;
}

/** What QEMU needs beside the guest's memory, by measure 32 to 50 MiB with emulation, and its caches. */
export const overheadMiB = 96;
const pidsLimit = 256;
const ordinaryBootMs = 30_000;
/** From one press of the power button to the next. */
const pressMs = 250;
/** From the plug to the knife. */
const quitMs = 1_000;
const killMs = 10_000;
const lookMs = 250;
const bootLookMs = 20;
/** Kernels are loaded from here on; below are firmware and its loader. */
const kernelFrom = 0x10_0000n;

/** Unikernels on QEMU, each a process of its own under a user of its own. Their folders are the memory. */
export class QemuDriver implements UnikernelDriver {
  readonly #options: QemuDriverOptions;
  readonly #watch: FolderWatch;
  readonly #starting = new Set<string>();

  constructor(options: QemuDriverOptions) {
    this.#options = options;
    this.#watch = new FolderWatch({
      folderOf: (id) => this.#folder(id).path, ids: () => machineIds(options.stateDir),
      hasEnded: async (id) => !this.#starting.has(id) && (await this.#observe(id))?.phase === 'stopped',
    });
  }

  describe(): DriverDescription {
    const { accelerator, version, launcher = directly } = this.#options;
    return { name: launcher.name, accelerator, version };
  }

  async start(boot: Boot, signal: AbortSignal): Promise<Machine> {
    await this.remove(boot.id, signal);
    this.#starting.add(boot.id);
    try {
      const machine = await this.#boot(boot, signal);
      this.#watch.started(boot.id);
      return machine;
    } catch (error) {
      await this.#clear(boot.id);
      throw error;
    } finally {
      this.#starting.delete(boot.id);
      this.#watch.add(boot.id);
    }
  }

  async stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined> {
    signal.throwIfAborted();
    const folder = this.#folder(id);
    const seen = await this.#observe(id);
    if (seen?.phase !== 'running') return seen?.exit;
    const monitor = new Monitor(folder);
    const ended = (withinMs: number): Promise<true | undefined> =>
      until(folder.path, async () => ((await this.#observe(id))?.phase === 'running' ? undefined : true), { withinMs, everyMs: lookMs, signal });
    await folder.setAsked('stop');
    // A guest that has only begun does not listen to its button yet.
    for (let leftMs = graceMs; leftMs > 0; leftMs -= pressMs) {
      await monitor.tell('system_powerdown');
      if (await ended(Math.min(pressMs, leftMs))) return this.#exit(id);
    }
    await folder.setAsked('kill');
    await monitor.tell('quit');
    if (await ended(quitMs)) return this.#exit(id);
    // A machine that hangs hears nothing but this.
    if (seen.pid !== undefined) kill(seen.pid);
    if (await ended(killMs)) return this.#exit(id);
    throw new RuntimeError('temporary', `machine ${id} does not end after SIGKILL; it may wait for a device`);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#clear(id);
  }

  async list(signal: AbortSignal): Promise<readonly Machine[]> {
    signal.throwIfAborted();
    const machines = await Promise.all((await machineIds(this.#options.stateDir)).map((id) => this.#observe(id)));
    const found = machines.filter((machine) => machine !== undefined);
    for (const { id, phase } of found) if (phase === 'running') await this.#folder(id).trim();
    return found;
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    return this.#watch.watch(listener);
  }

  async stats(signal: AbortSignal): Promise<readonly Stats[]> {
    const running = (await this.list(signal)).filter(({ phase }) => phase === 'running');
    return Promise.all(running.map(async ({ id }) => ({ id, ...(await readCgroup((await this.#folder(id).record())?.cgroups ?? [])) })));
  }

  #folder(id: string): MachineFolder {
    return new MachineFolder(this.#options.stateDir, id);
  }

  async #boot(boot: Boot, signal: AbortSignal): Promise<Machine> {
    const { id, name, labels, kernel, memoryMiB, vcpus, cpuLimit, network, logPath } = boot;
    const { program, accelerator, cgroupParent, launcher = directly } = this.#options;
    const folder = this.#folder(id);
    const record: MachineRecord = {
      id, name, labels, startedAtMs: Date.now(), hostBoot: await hostBoot(), cgroups: await cgroupFolders(cgroupParent, id), ...(network && { netnsPath: network.netnsPath }),
      ...(launcher.scratchDir && { scratchDir: launcher.scratchDir(id) }),
    };
    await folder.create(record);
    await createCgroup(cgroupParent, id, { cpus: cpuLimit, memoryMiB: memoryMiB + overheadMiB, pids: pidsLimit })
      .catch((error: unknown) => { throw new RuntimeError('failed', `${name}: the limits can not be set: ${String(error)}`, { cause: error }); });
    await exec('mkfifo', ['-m', '600', folder.file('commands')]);
    const userId = userOf(id);
    if (kernel.filesPath !== undefined) await copyOwned(kernel.filesPath, folder.file('files'), userId);
    const wire = network && (await openGuestNetwork(network.netnsPath, signal));
    const line = bootLine({ name, command: boot.command, environment: boot.environment, network: network && wire && { ...network, ...wire.addresses } });
    const spokenBefore = await sizeOf(logPath);
    signal.throwIfAborted();
    const launched = await launcher.launch({
      folder: folder.path, cgroups: record.cgroups, logPath, kernelPath: kernel.kernelPath, initrdPath: kernel.initrdPath, filesPath: kernel.filesPath && folder.file('files'),
      tapDevice: wire?.device, netnsPath: network?.netnsPath, userId, groupIds: accelerator === 'kvm' ? [(await stat('/dev/kvm')).gid] : [], program,
      args: qemuArguments({ name: `oak-${id}`, accelerator, memoryMiB, vcpus, bootLine: line, hasInitrd: kernel.initrdPath !== undefined, hasFiles: kernel.filesPath !== undefined, network: wire }),
    }, boot, signal);
    let parentEnded = false;
    void launched.ended.then(() => { parentEnded = true; }, () => { parentEnded = true; });
    return this.#untilRun(folder, record, { spokenBefore, logPath, parentEnded: () => parentEnded }, signal);
  }

  /** A guest that says something, is seen in its kernel, or leaves, has run. */
  async #untilRun(folder: MachineFolder, record: MachineRecord, sign: { spokenBefore: number; logPath: string; parentEnded: () => boolean }, signal: AbortSignal): Promise<Machine> {
    const { bootMs = ordinaryBootMs, accelerator } = this.#options;
    const monitor = new Monitor(folder);
    const found = await until(folder.path, async () => {
      const ended = sign.parentEnded() || (await folder.status()) !== undefined;
      const machine = await this.#look(folder, record);
      if (ended) return machine;
      if (machine.pid === undefined) return undefined;
      if ((await sizeOf(sign.logPath)) > sign.spokenBefore) return machine;
      if ((programCounter((await folder.text('events')) ?? '') ?? 0n) >= kernelFrom) return machine;
      await monitor.askRegisters();
      return undefined;
    }, { withinMs: bootMs, everyMs: bootLookMs, signal });
    if (found === undefined) throw new RuntimeError('failed', `${record.name}: the guest did not reach its kernel within ${bootMs / 1000} s (acceleration: ${accelerator})`);
    if (found.phase !== 'running') await this.#refuseBroken(folder, record, found);
    return found;
  }

  /** Ended before it ran: QEMU itself says why. */
  async #refuseBroken(folder: MachineFolder, { name }: MachineRecord, { exit }: Machine): Promise<void> {
    const said = ((await folder.text('errors')) ?? '').trim();
    const began = ((await folder.text('events')) ?? '').includes('"QMP"');
    if (began && (said === '' || exit?.code === undefined || !/^(qemu|setpriv|nsenter|unshare)/m.test(said))) return;
    throw new RuntimeError('failed', `${name}: QEMU does not boot it: ${said.slice(0, 2_000) || 'it ended without a word'}`);
  }

  async #observe(id: string): Promise<Machine | undefined> {
    const folder = this.#folder(id);
    const record = await folder.record();
    if (!record) return undefined;
    return this.#look(folder, record).catch(async (error: unknown) => {
      // Removed while it was looked at.
      if ((await folder.record()) === undefined) return undefined;
      throw error;
    });
  }

  async #look(folder: MachineFolder, record: MachineRecord): Promise<Machine> {
    const { id, labels, startedAtMs } = record;
    const own = await folder.process();
    const status = await folder.status();
    const machine = { id, labels, startedAtMs };
    if (status) return { ...machine, phase: 'stopped', pid: undefined, exit: await this.#ended(folder, record, status) };
    if (own && record.hostBoot === (await hostBoot()) && (await isAlive(own))) return { ...machine, phase: 'running', pid: own.pid, exit: undefined };
    if (this.#starting.has(id)) return { ...machine, phase: 'created', pid: own?.pid, exit: undefined };
    // Its parent writes the status a moment after it ended: whose parent is gone has a status by now, or never gets one.
    if (await this.#parentLives(record)) return { ...machine, phase: own ? 'running' : 'created', pid: own?.pid, exit: undefined };
    const late = await folder.status();
    const exit = late ? await this.#ended(folder, record, late) : { code: undefined, oomKilled: false, atMs: await folder.lostAtMs() };
    return { ...machine, phase: 'stopped', pid: undefined, exit };
  }

  async #parentLives({ cgroups: [group], hostBoot: boot }: MachineRecord): Promise<boolean> {
    if (group === undefined || boot !== (await hostBoot())) return false;
    return (await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '')).trim() !== '';
  }

  async #ended(folder: MachineFolder, { cgroups }: MachineRecord, { status, atMs }: { status: number; atMs: number }): Promise<Exit> {
    const [events = '', asked, { oomKills }] = await Promise.all([folder.text('events'), folder.asked(), readCgroup(cgroups)]);
    return exitOf({ status, atMs, events, asked, oomKills });
  }

  async #exit(id: string): Promise<Exit | undefined> {
    return (await this.#observe(id))?.exit;
  }

  /** Its processes first, then what they had open. The folder is what it is found by, so it goes last. */
  async #clear(id: string): Promise<void> {
    const folder = this.#folder(id);
    const record = await folder.record().catch(() => undefined);
    await clearCgroup(record?.cgroups ?? (await cgroupFolders(this.#options.cgroupParent, id)));
    if (record?.netnsPath !== undefined) await closeGuestNetwork(record.netnsPath);
    if (record?.scratchDir !== undefined) await rm(record.scratchDir, { recursive: true, force: true });
    this.#watch.drop(id);
    await folder.remove();
  }
}

/** Nobody's number, and another one for each machine: none can touch another's process. */
function userOf(id: string): number {
  return 0x6000_0000 + createHash('sha256').update(id).digest().readUIntBE(0, 3);
}

const hostBoot = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
const sizeOf = (path: string): Promise<number> => stat(path).then(({ size }) => size, () => 0);

async function copyOwned(from: string, to: string, userId: number): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  await cp(from, to, { recursive: true, dereference: false, verbatimSymlinks: true });
  await own(to, userId);
}

async function own(path: string, userId: number): Promise<void> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return;
  await chown(path, userId, userId);
  if (status.isDirectory()) for (const name of await readdir(path)) await own(join(path, name), userId);
}
