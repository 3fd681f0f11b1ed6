import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { searchDomainsOf } from './zone.ts';

vi.setConfig({ testTimeout: 60_000 });

/** In namespaces that end with the shell: the resolv.conf that a workload gets, and the name server on the usual port. */
const prepare = `set -e
ip link set lo up
cd "$1"; mkfifo ready; touch hosts
printf 'search %s\\nnameserver 127.0.0.1\\nnameserver ::1\\n' "$4" > resolv.conf
mount --bind resolv.conf "$(readlink -f /etc/resolv.conf)"
mount --bind hosts /etc/hosts
"$2" "$3" > ready & read -r _ < ready
set +e
`;

async function asWorkload(script: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'oak-names-'));
  try {
    const server = fileURLToPath(new URL('./testing/serve-names.ts', import.meta.url));
    const shell = ['sh', '-c', prepare + script, 'sh', folder, process.execPath, server, searchDomainsOf('shop', 'prod').join(' ')];
    const { stdout } = await promisify(execFile)('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', ...shell]);
    return stdout.trim().split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('glibc finds names of the own application, of others, and of addresses', async () => {
  const names = ['db', 'db.shop', 'DB.back', 'smtp.mail', 'tiles.maps', 'tiles.front.maps.prod', 'nothing', 'nothing.shop'];
  expect(await asWorkload(`for name in ${names.join(' ')}; do getent ahosts $name | grep STREAM || echo none; done; getent hosts 10.30.0.1; getent hosts fdff::2`)).toEqual([
    ...[1, 1, 1, 2, 3, 3].flatMap((number) => [`fdff::${number} STREAM`, `10.30.0.${number} STREAM`].map((line) => expect.stringContaining(line) as string)),
    'none', 'none', '10.30.0.1 db.back.shop.prod.oak.internal', 'fdff::2 smtp.front.mail.prod.oak.internal',
  ]);
});

it("busybox's nslookup finds them too", async () => {
  const said = await asWorkload('for name in db.shop db.shop.oak.internal smtp.mail; do busybox nslookup $name; done; busybox nslookup nothing.oak.internal || echo none');
  expect(said.filter((line) => line.startsWith('Address') && !line.includes('127.0.0.1'))).toHaveLength(6);
  expect(said.at(-1)).toBe('none');
});
