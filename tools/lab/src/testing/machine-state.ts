import { readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { findProcesses } from '../process-identity.ts';

/** What a lab could leave on this machine, apart from what others do there at the same time. */
export async function machineState(dir: string): Promise<Record<string, unknown>> {
  const lines = async (command: string, ...args: string[]) => (await execa(command, args)).stdout.split('\n').filter(Boolean);
  const processes = await findProcesses((args) => args.some((arg) => arg.includes(dir)));
  return {
    links: (await lines('ip', '-o', 'link')).filter((line) => /p-|br0|eth0@/.test(line)),
    addresses: (await lines('ip', '-o', 'address')).filter((line) => line.includes('10.200.')),
    routes: (await lines('ip', 'route')).filter((line) => line.includes('10.200.')),
    mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(dir) || line.includes('oak-run')),
    cgroups: (await readdir('/sys/fs/cgroup', { recursive: false })).filter((name) => name.startsWith('oak-lab')),
    processes: processes.map(({ pid }) => pid).filter((pid) => pid !== process.pid),
  };
}

export const nothingLeft = { links: [], addresses: [], routes: [], mounts: [], cgroups: [], processes: [] };
