import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hierarchiesIn, readCgroup } from './cgroup.ts';

test('hierarchies that count something of ours, of either version, and that of systemd', () => {
  expect(hierarchiesIn(`30 25 0:26 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 30 0:30 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
35 25 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`)).toEqual([
    { path: '/sys/fs/cgroup/memory', version: 1, controllers: ['memory'] }, { path: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['cpu', 'cpuacct'] },
    { path: '/sys/fs/cgroup/systemd', version: 1, controllers: ['name=systemd'] }, { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
  ]);
});

test.each<[string, Record<string, string>, Awaited<ReturnType<typeof readCgroup>>]>([
  ['version 2', { 'cpu.stat': 'usage_usec 1500000\nuser_usec 1\n', 'memory.current': '5000\n', 'memory.max': 'max\n', 'memory.stat': 'anon 1\ninactive_file 1000\n', 'memory.events': 'oom 3\noom_kill 2\n' }, { cpuMs: 1500, memoryBytes: 4000, memoryLimitBytes: 0, oomKills: 2 }],
  ['version 1', { 'cpuacct.usage': '1500000000\n', 'memory.usage_in_bytes': '5000\n', 'memory.limit_in_bytes': '8192\n', 'memory.stat': 'inactive_file 7\ntotal_inactive_file 1000\n', 'memory.oom_control': 'under_oom 0\noom_kill 1\n' }, { cpuMs: 1500, memoryBytes: 4000, memoryLimitBytes: 8192, oomKills: 1 }],
  ['nothing', {}, { cpuMs: 0, memoryBytes: 0, memoryLimitBytes: 0, oomKills: 0 }],
])('use, %s', async (_version, files, use) => {
  const dir = await mkdtemp(join(tmpdir(), 'oak-cgroup-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  expect(await readCgroup([join(dir, 'absent'), dir])).toEqual(use);
});
