import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** A process, and when it started: a pid alone may belong to another process by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string;
}

/** Undefined when the process is gone, or is a zombie that only waits to be counted. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the command in brackets and may hold anything, brackets and spaces too.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = fields[18];
  return state === undefined || startTime === undefined || 'ZX'.includes(state) ? undefined : { pid, startTime };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.startTime === identity.startTime;
}

/** @returns false when the process was gone already */
export async function signal(identity: ProcessIdentity, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    return process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Resolves when the process is gone. @throws Error after `deadlineMs` */
export async function untilGone(identity: ProcessIdentity, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (await isAlive(identity)) {
    if (Date.now() > end) throw new Error(`process ${identity.pid} still lives after ${deadlineMs} ms`);
    await pause(5);
  }
}

/** Processes whose arguments satisfy the condition. */
export async function findProcesses(matches: (args: readonly string[]) => boolean): Promise<ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return matches(args) ? identityOf(Number(pid)) : undefined;
  }));
  return found.filter((identity) => identity !== undefined);
}
