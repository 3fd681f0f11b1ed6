import { readdir, readFile, readlink } from 'node:fs/promises';

const or = <T>(fallback: T) => (): T => fallback;

/** Ids of all processes of this machine. */
export async function allPids(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Arguments of a process; empty when it is gone. */
export async function argumentsOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(or(''))).split('\0').slice(0, -1);
}

export const mountNamespaceOf = (pid: number): Promise<string | undefined> => readlink(`/proc/${pid}/ns/mnt`).catch(or(undefined));

/** Its lines of `/proc/<pid>/cgroup`; empty when it is gone. */
export const cgroupsOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(or(''));

/** False also for a zombie: it holds nothing any more. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(or(''));
  return stat !== '' && !/\) [ZX] /.test(stat);
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(or(''));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[1] === undefined ? undefined : Number(fields[1]);
}

/** The given processes and everything that descends from them. */
export async function withDescendants(roots: readonly number[]): Promise<number[]> {
  const parents = new Map(await Promise.all((await allPids()).map(async (pid) => [pid, await parentOf(pid)] as const)));
  const family = new Set(roots);
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (parent !== undefined && family.has(parent)) family.add(pid);
  }
  return [...family];
}

/** SIGKILL; a process that has just gone is what was wanted. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
