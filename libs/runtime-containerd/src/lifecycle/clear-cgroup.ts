import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError } from '@oak/runtime';
import { killNow } from './force.ts';

const attempts = 100;
const againMs = 20;

/**
 * Ends what still runs in a container's cgroup after its task is gone, and deletes the cgroup in every hierarchy. A runtime that was cut
 * off from a killed containerd can leave a process that nobody else knows of. Usually there is nothing to do.
 */
export async function clearCgroup(path: string): Promise<void> {
  for (const hierarchy of hierarchiesOf(await readFile('/proc/self/mountinfo', 'utf8'))) await clearTree(join(hierarchy, path));
}

/** Where the kernel's hierarchies are mounted; a folder below /sys/fs/cgroup that is none holds nothing of ours. */
export function hierarchiesOf(mountinfo: string): string[] {
  return mountinfo.split('\n').filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4] ?? '').filter((dir) => dir !== '');
}

async function clearTree(dir: string): Promise<void> {
  const below = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (!below) return;
  for (const entry of below) if (entry.isDirectory()) await clearTree(join(dir, entry.name));
  for (let attempt = 1; ; attempt++) {
    const pids = (await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter((pid) => pid !== '');
    for (const pid of pids) killNow(Number(pid));
    const failure = await rmdir(dir).then(() => undefined, (error: NodeJS.ErrnoException) => error);
    if (failure === undefined || failure.code === 'ENOENT') return;
    if (attempt === attempts) throw new RuntimeError('temporary', `cgroup ${dir} still has processes after SIGKILL (${pids.join(', ') || failure.code}); they may wait for a device`, { cause: failure });
    await pause(againMs);
  }
}
