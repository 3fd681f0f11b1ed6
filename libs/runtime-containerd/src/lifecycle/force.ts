import { readdir, readFile } from 'node:fs/promises';

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** SIGKILL for the first process of a container; its cgroup carries the id, so it is not another one that got the number since. */
export async function killFirstProcess(pid: number, id: string): Promise<void> {
  if (pid > 0 && (await textOf(`/proc/${pid}/cgroup`)).includes(id)) killNow(pid);
}

/** SIGKILL for the shim of a container. containerd notices and clears what it held. */
export async function killShim(namespace: string, id: string): Promise<void> {
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const [program = '', ...args] = (await textOf(`/proc/${name}/cmdline`)).split('\0');
    const value = (flag: string) => args[args.indexOf(flag) + 1];
    if (program.includes('containerd-shim') && args.includes('-id') && value('-id') === id && value('-namespace') === namespace) killNow(Number(name));
  }
}

/** SIGKILL; one that has just gone is what was wanted. A process of another pid namespace reads as 0, which would mean ourselves. */
export function killNow(pid: number): void {
  if (pid <= 0) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
