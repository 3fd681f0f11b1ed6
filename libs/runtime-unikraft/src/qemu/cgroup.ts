import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError } from '@oak/runtime';

export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
}

export interface CgroupLimits {
  /** 0 = no limit. */
  readonly cpus: number;
  /** 0 = no limit. */
  readonly memoryMiB: number;
  readonly pids: number;
}

export interface CgroupUse {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** 0 = no limit. */
  readonly memoryLimitBytes: number;
  readonly oomKills: number;
}

const wanted = ['cpu', 'cpuacct', 'memory', 'pids'];
const periodUs = 100_000;
/** The kernel refuses less. */
const smallestQuotaUs = 1000;
const mebibyte = 2 ** 20;
/** A number that the kernel calls "no limit". */
const noLimitBytes = 2 ** 60;
const attempts = 200;
const againMs = 10;

/** Where the kernel counts and limits what we count and limit, and what systemd tells services by: one that is stopped must not take machines along. */
export function hierarchiesIn(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [, path, type, options] = /^(?:\S+ ){4}(\S+) .* - (cgroup2?) \S+ (\S+)/.exec(line) ?? [];
    if (path === undefined || options === undefined) return [];
    if (type === 'cgroup2') return [{ path, version: 2, controllers: [] }];
    const controllers = options.split(',').filter((option) => wanted.includes(option) || option === 'name=systemd');
    return controllers.length > 0 ? [{ path, version: 1, controllers }] : [];
  });
}

export const readHierarchies = async (): Promise<Hierarchy[]> => hierarchiesIn(await readFile('/proc/self/mountinfo', 'utf8'));

/** Creates the group in every hierarchy, limited. @returns its folders @throws when the kernel refuses a limit; the folders may be there then */
export async function createCgroup(parent: string, id: string, limits: CgroupLimits): Promise<string[]> {
  const folders: string[] = [];
  for (const hierarchy of await readHierarchies()) {
    const folder = join(hierarchy.path, parent, id);
    const controllers = hierarchy.version === 2 ? await delegate(hierarchy.path, parent) : hierarchy.controllers;
    await mkdir(folder, { recursive: true });
    for (const [file, value] of limitFiles(hierarchy.version, controllers, limits)) await writeFile(join(folder, file), value);
    folders.push(folder);
  }
  return folders;
}

export const cgroupFolders = async (parent: string, id: string): Promise<string[]> => (await readHierarchies()).map(({ path }) => join(path, parent, id));

/** In the unified hierarchy a controller is handed down level by level. @returns those that arrive */
async function delegate(root: string, parent: string): Promise<string[]> {
  const available = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/).filter((name) => wanted.includes(name));
  const levels = parent.split('/').filter((name) => name !== '').reduce<string[]>((paths, name) => [...paths, join(paths.at(-1) ?? root, name)], []);
  await mkdir(levels.at(-1) ?? root, { recursive: true });
  if (available.length > 0) for (const level of [root, ...levels]) await writeFile(join(level, 'cgroup.subtree_control'), available.map((name) => `+${name}`).join(' '));
  return available;
}

function limitFiles(version: 1 | 2, controllers: readonly string[], { cpus, memoryMiB, pids }: CgroupLimits): [file: string, value: string][] {
  const quota = String(Math.max(smallestQuotaUs, Math.round(cpus * periodUs)));
  const bytes = String(memoryMiB * mebibyte);
  const files: [controller: string, limited: boolean, file: string, value: string][] = version === 2
    ? [['cpu', cpus > 0, 'cpu.max', `${quota} ${periodUs}`], ['memory', memoryMiB > 0, 'memory.max', bytes], ['pids', pids > 0, 'pids.max', String(pids)]]
    : [['cpu', cpus > 0, 'cpu.cfs_period_us', String(periodUs)], ['cpu', cpus > 0, 'cpu.cfs_quota_us', quota], ['memory', memoryMiB > 0, 'memory.limit_in_bytes', bytes], ['pids', pids > 0, 'pids.max', String(pids)]];
  return files.filter(([controller, limited]) => limited && controllers.includes(controller)).map(([, , file, value]) => [file, value]);
}

/** What the group uses, on either version; fields that no hierarchy counts are 0. */
export async function readCgroup(folders: readonly string[]): Promise<CgroupUse> {
  const [cpuUs, cpuNs, usage, limit, memory, events] = await Promise.all([
    keyed(folders, 'cpu.stat', 'usage_usec'), number(folders, 'cpuacct.usage'), firstOf(folders, ['memory.current', 'memory.usage_in_bytes']), firstOf(folders, ['memory.max', 'memory.limit_in_bytes']),
    text(folders, 'memory.stat'), firstText(folders, ['memory.events', 'memory.oom_control']),
  ]);
  const inactive = Number((/^total_inactive_file (\d+)/m.exec(memory) ?? /^inactive_file (\d+)/m.exec(memory))?.[1] ?? 0);
  return {
    cpuMs: Math.round(cpuUs > 0 ? cpuUs / 1e3 : cpuNs / 1e6), memoryBytes: Math.max(0, usage - inactive), memoryLimitBytes: limit >= noLimitBytes ? 0 : limit,
    oomKills: Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0),
  };
}

/** Kills what is in the group, and deletes it. @throws RuntimeError temporary: a process does not end */
export async function clearCgroup(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await clearFolder(folder);
}

async function clearFolder(folder: string): Promise<void> {
  if ((await readdir(folder).catch(() => undefined)) === undefined) return;
  for (let attempt = 1; ; attempt++) {
    const pids = (await text([folder], 'cgroup.procs')).split('\n').filter((pid) => pid !== '').map(Number);
    for (const pid of pids) kill(pid);
    const failure = await rmdir(folder).then(() => undefined, (error: NodeJS.ErrnoException) => error);
    if (failure === undefined || failure.code === 'ENOENT') return;
    if (attempt === attempts) throw new RuntimeError('temporary', `cgroup ${folder} still has processes after SIGKILL (${pids.join(', ') || failure.code}); they may wait for a device`, { cause: failure });
    await pause(againMs);
  }
}

/** SIGKILL; one that has just gone is what was wanted. A process of another pid namespace reads as 0, which would mean ourselves. */
export function kill(pid: number): void {
  if (pid > 0) end(pid);
}

/** The same for all of the group that this process leads. */
export function killGroup(leader: number): void {
  if (leader > 1) end(-leader);
}

function end(target: number): void {
  try {
    process.kill(target, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Of the first folder that has the file; empty when none has. */
async function text(folders: readonly string[], file: string): Promise<string> {
  for (const folder of folders) {
    const found = await readFile(join(folder, file), 'utf8').catch(() => undefined);
    if (found !== undefined) return found;
  }
  return '';
}

async function firstText(folders: readonly string[], files: readonly string[]): Promise<string> {
  for (const file of files) {
    const found = await text(folders, file);
    if (found !== '') return found;
  }
  return '';
}

const number = async (folders: readonly string[], file: string): Promise<number> => toNumber(await text(folders, file));
const firstOf = async (folders: readonly string[], files: readonly string[]): Promise<number> => toNumber(await firstText(folders, files));
const toNumber = (content: string): number => (content.trim() === 'max' ? Number.MAX_SAFE_INTEGER * 1024 : Number(content.trim()));

async function keyed(folders: readonly string[], file: string, key: string): Promise<number> {
  for (const folder of folders) {
    const found = new RegExp(`^${key} (\\d+)`, 'm').exec(await text([folder], file))?.[1];
    if (found !== undefined) return Number(found);
  }
  return 0;
}
