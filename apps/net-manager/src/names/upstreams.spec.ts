import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { machineUpstreams, nameserversIn } from './upstreams.ts';

it('the name servers of a file, in their order', () => {
  const text = '# nameserver 192.0.2.9\nsearch example.org\nnameserver 192.0.2.1\n\tnameserver\t2001:db8::1 # near\nnameserver fe80::1%eth0\r\noptions edns0\nnameservers 192.0.2.8\n';
  expect(nameserversIn(text)).toEqual(['192.0.2.1', '2001:db8::1', 'fe80::1%eth0']);
});

it('the first file that names any counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oak-names-'));
  try {
    const [missing, empty, full] = ['missing', 'empty', 'full'].map((name) => join(folder, name)) as [string, string, string];
    await writeFile(empty, 'search x\n');
    await writeFile(full, 'nameserver 127.0.0.53\n');
    expect(machineUpstreams([missing, empty, full])).toEqual(['127.0.0.53']);
    expect(machineUpstreams([missing])).toEqual([]);
    expect(() => machineUpstreams([folder])).toThrow('EISDIR');
  } finally {
    await rm(folder, { recursive: true });
  }
});
