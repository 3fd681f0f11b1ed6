import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readNodeFile } from './config.ts';

function file(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'oak-node-file-'));
  onTestFinished(() => { rmSync(dir, { recursive: true, force: true }); });
  const path = join(dir, 'node.toml');
  writeFileSync(path, text);
  return path;
}

test('without a file, or with an empty one, all is the default', () => {
  const defaults = {
    capacity: {}, labels: {}, cgroup_parent: '/oakestra', allow_privileged: false, probe_period_s: 600, registries: {}, registry_connect_timeout_s: 5, logs: { max_mib: 10, files: 3 },
    unikernels: { qemu: 'qemu-system-x86_64', kraft: 'kraft', allow_emulation: true, memory_mib: 64, max_kernel_mib: 1024, cache_mib: 4096, local_dirs: [] },
  };
  expect(readNodeFile('/nowhere/node.toml')).toEqual(defaults);
  expect(readNodeFile(file(''))).toEqual(defaults);
});

test('logs', () => {
  expect(readNodeFile(file('[logs]\nmax_mib = 50\n')).logs).toEqual({ max_mib: 50, files: 3 });
  expect(readNodeFile(file('[logs]\nmax_mib = 1\nfiles = 9\n')).logs).toEqual({ max_mib: 1, files: 9 });
});

test.each([
  ['[logs]\nmax_mib = 0', /node\.toml: logs\.max_mib: .*>=1/], ['[logs]\nfiles = 0', /logs\.files: .*>=1/], ['[logs]\nmax_mib = "10"', /logs\.max_mib: .*expected number/],
  ['registry_connect_timeout_s = 0', /registry_connect_timeout_s: .*>=0\.1/], ['[logs]\nmax_mb = 10', /logs: .*"max_mb"/], ['[unikernels]\nlocal_dirs = ["kernels"]', /unikernels\.local_dirs/], ['[unikernels]\nmemory_mib = 1', /unikernels\.memory_mib: .*>=4/], ['allow_privilegd = true', /"allow_privilegd"/], ['cgroup_parent = "oakestra"', /cgroup_parent/],
])('%s is refused, and the key is named', (text, message) => {
  expect(() => readNodeFile(file(text))).toThrow(message);
});
