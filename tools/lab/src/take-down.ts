import { access, readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { removeCgroup } from '@oak/runtime-containerd/testing';
import { endHosts, findHosts } from './host.ts';
import { cgroupParentOf } from './lab-record.ts';

/**
 * Ends a lab and leaves nothing of it: processes, namespaces, links, mounts, cgroups, folder. Works from the folder's name alone, after a crash of
 * anything, and when there is nothing to end.
 */
export async function takeDown(dir: string): Promise<void> {
  const full = resolve(dir);
  // A host that is just being started may appear while the others end.
  for (let hosts = await findHosts(full); hosts.length > 0; hosts = await findHosts(full)) await endHosts(hosts);
  await removeCgroup(cgroupParentOf(full));
  await removeFolder(full);
}

/** Deletes only what is a lab's: a folder without a record is deleted only when it is empty. */
async function removeFolder(dir: string): Promise<void> {
  const there = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  if (there.length === 0) return rmdir(dir);
  if (!(await isLab(dir))) throw new Error(`${dir} is not a lab's folder: it holds no lab.json; nothing was deleted`);
  // The record goes last: an interrupted deletion can be taken up again.
  for (const name of there.filter((one) => one !== 'lab.json')) await rm(join(dir, name), { recursive: true, force: true });
  await rm(dir, { recursive: true, force: true });
}

const isLab = (dir: string): Promise<boolean> => access(join(dir, 'lab.json')).then(() => true, (): false => false);
