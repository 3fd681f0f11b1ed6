import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forInstances, machineResolver, parseResolver } from './machine-resolver.ts';

it('the name servers and search domains of a file, in their order', () => {
  const text = '# nameserver 192.0.2.9\nsearch example.org\tb.example\nnameserver 192.0.2.1\n\tnameserver\t2001:db8::1 # near\nnameserver fe80::1%eth0\r\nnameserver\noptions edns0\nnameservers 192.0.2.8\n';
  expect(parseResolver(text)).toEqual({ nameservers: ['192.0.2.1', '2001:db8::1', 'fe80::1%eth0'], searchDomains: ['example.org', 'b.example'] });
  expect(parseResolver('')).toEqual({ nameservers: [], searchDomains: [] });
});

it('instances get the servers that they can reach', () => {
  expect(forInstances(parseResolver('# x\nnameserver 127.0.0.53\nnameserver\t192.0.2.53\n nameserver 2001:db8::53\nnameserver ::1\nnameserver fe80::1%eth0\nsearch a.example b.example\noptions ndots:1\n')))
    .toEqual({ nameservers: ['192.0.2.53', '2001:db8::53'], searchDomains: ['a.example', 'b.example'] });
});

it('the first file that names any server counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oak-names-'));
  try {
    const [missing, empty, full] = ['missing', 'empty', 'full'].map((name) => join(folder, name)) as [string, string, string];
    await writeFile(empty, 'search x\n');
    await writeFile(full, 'nameserver 127.0.0.53\n');
    expect(machineResolver([missing, empty, full])).toEqual({ nameservers: ['127.0.0.53'], searchDomains: [] });
    expect(machineResolver([missing, empty])).toEqual({ nameservers: [], searchDomains: [] });
    expect(() => machineResolver([folder])).toThrow('EISDIR');
  } finally {
    await rm(folder, { recursive: true });
  }
});
