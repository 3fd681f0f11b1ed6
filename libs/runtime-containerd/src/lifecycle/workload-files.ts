import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attachment, Workload } from '@oak/runtime';
import { hostsFile, resolvConf } from '../spec/names-files.ts';

/** Small files that are mounted into a workload: `hosts`, `hostname`, `resolv.conf`. Returns their folder. */
export async function writeWorkloadFiles(dir: string, { hostname }: Pick<Workload, 'hostname'>, attachment: Attachment): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const files = { hosts: hostsFile(attachment, hostname), hostname: `${hostname}\n`, 'resolv.conf': resolvConf(attachment) };
  await Promise.all(Object.entries(files).map(async ([name, text]) => {
    await writeFile(join(dir, name), text);
    // Workloads run as any user, whatever this process's umask.
    await chmod(join(dir, name), 0o644);
  }));
  return dir;
}

export const removeWorkloadFiles = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true });
