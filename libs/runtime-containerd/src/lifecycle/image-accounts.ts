import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '@oak/runtime';
import type { Mount } from '../gen/messages.ts';
import type { Accounts } from '../spec/user.ts';

const largestFileBytes = 2 ** 20;
const mostLinks = 40;

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
    if (!status?.isFile()) continue;
    if (status.size > largestFileBytes) throw new RuntimeError('invalid', `/${path} of the image has ${status.size} bytes, more than the ${largestFileBytes} that are read`);
    return readFile(file, 'utf8');
  }
  return '';
}

/** A link in an image points into the image, whatever it says, and wherever on the way it stands. */
async function within(root: string, path: string): Promise<string> {
  const rest = path.split('/');
  let found: string[] = [];
  for (let links = 0; rest.length > 0 && links < mostLinks; ) {
    const part = rest.shift() ?? '';
    if (part === '..') found.pop();
    if (part === '' || part === '.' || part === '..') continue;
    const target = await readlink(join(root, ...found, part)).catch(() => undefined);
    if (target === undefined) found.push(part);
    else {
      links++;
      rest.unshift(...target.split('/'));
      if (target.startsWith('/')) found = [];
    }
  }
  return join(root, ...found);
}
