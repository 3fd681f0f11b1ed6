import { lstat, readFile, readlink } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Mount } from '../gen/messages.ts';
import type { Accounts } from '../spec/user.ts';

/** /etc/passwd and /etc/group of an image, from the layers of its snapshot: no mount is needed. */
export async function imageAccounts(mounts: readonly Mount[]): Promise<Accounts> {
  const layers = layersOf(mounts);
  return { passwd: await readFirst(layers, 'etc/passwd'), group: await readFirst(layers, 'etc/group') };
}

/** Upper layer first. */
function layersOf(mounts: readonly Mount[]): string[] {
  const [mount] = mounts;
  if (!mount) return [];
  const option = (name: string): string | undefined => mount.options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return mount.type === 'overlay' ? [option('upperdir') ?? '', ...(option('lowerdir') ?? '').split(':')].filter((dir) => dir !== '') : [mount.source];
}

async function readFirst(layers: readonly string[], path: string): Promise<string> {
  for (const layer of layers) {
    const file = await within(layer, path);
    const status = await lstat(file).catch(() => undefined);
    // A character device 0:0 says that a lower layer's file is deleted here.
    if (status?.isCharacterDevice()) return '';
    if (status?.isFile()) return readFile(file, 'utf8');
  }
  return '';
}

/** A link in an image points into the image, whatever it says. */
async function within(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path)).catch(() => undefined);
  if (target === undefined) return join(root, path);
  return join(root, normalize(join('/', target.startsWith('/') ? target : join(path, '..', target))));
}
