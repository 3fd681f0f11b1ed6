import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Deletes a cgroup with all below it, in every hierarchy. Its processes must be gone. */
export async function removeCgroup(path: string): Promise<void> {
  for (const dir of await foldersOf(path)) await removeTree(dir);
}

/** Processes in a cgroup and all below it. */
export async function pidsBelow(path: string): Promise<number[]> {
  const files = (await Promise.all((await foldersOf(path)).map((dir) => readdir(dir, { recursive: true }).then((names) => names.map((name) => join(dir, name)), () => [])))).flat();
  const texts = await Promise.all(files.filter((file) => file.endsWith('/cgroup.procs')).map((file) => readFile(file, 'utf8').catch(() => '')));
  return [...new Set(texts.join('\n').split('\n').filter((line) => line !== '').map(Number))];
}

async function foldersOf(path: string): Promise<string[]> {
  if (!/^\/[^/]/.test(path)) throw new Error(`cgroup ${path}: must be an absolute path below the root`);
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => / - cgroup2? /.test(line));
  return mounts.map((mount) => `${mount.split(' ')[4] ?? ''}${path}`);
}

async function removeTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(dir, entry.name));
  for (let attempt = 0; ; attempt++) {
    const failure = await rmdir(dir).then(() => undefined, (error: NodeJS.ErrnoException) => error);
    if (failure === undefined || failure.code === 'ENOENT') return;
    // The kernel takes a killed process out of its cgroup a little later.
    if (attempt === 100) throw failure;
    await pause(20);
  }
}
