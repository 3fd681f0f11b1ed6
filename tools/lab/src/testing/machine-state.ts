import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { cgroupParentOf } from '../lab-record.ts';
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
    cgroups: await cgroupsNamed(cgroupParentOf(dir)),
    processes: processes.map(({ pid }) => pid).filter((pid) => pid !== process.pid),
  };
}

/** Below the root of every hierarchy, or of the only one. */
async function cgroupsNamed(path: string): Promise<string[]> {
  const top = '/sys/fs/cgroup';
  const places = [top, ...(await readdir(top)).map((name) => `${top}/${name}`)].map((root) => `${root}${path}`);
  return places.filter((place) => existsSync(place));
}

export const nothingLeft = { links: [], addresses: [], routes: [], mounts: [], cgroups: [], processes: [] };
