import { constants } from 'node:os';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { RuntimeError } from '@oak/runtime';
import { Mount } from '../gen/messages.ts';
import { Any } from '../gen/google/protobuf/any.ts';
import { RpcError } from '../client/rpc-error.ts';
import { hierarchiesOf } from './clear-cgroup.ts';
import { imageAccounts } from './image-accounts.ts';
import { containerLabels, workloadLabels } from './labels.ts';
import { lateAbort } from './late-abort.ts';
import { leftBundle } from './left-bundle.ts';
import { deviceNumbers } from './machine.ts';
import { statsOf } from './metrics.ts';
import { startFailure } from './start-failure.ts';
import { stopSignalNumber } from './stop-signal.ts';

const { SIGTERM, SIGQUIT, SIGINT } = constants.signals;

test('a late abort comes after its patience, or never once released', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const aborting = new AbortController();
  const [one, other] = [lateAbort(aborting.signal, 100), lateAbort(aborting.signal, 100)];
  aborting.abort(new Error('enough'));
  vi.advanceTimersByTime(99);
  expect(one.signal.aborted).toBe(false);
  other.release();
  vi.advanceTimersByTime(1);
  expect(one.signal.reason).toEqual(new Error('enough'));
  expect(other.signal.aborted).toBe(false);
  expect(lateAbort(aborting.signal, 0).signal.aborted).toBe(false);
});

describe('labels', () => {
  test('what a workload brings comes back', () => {
    fc.assert(fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 50 })), (own) => {
      expect(workloadLabels(containerLabels('x', own, 'runc', SIGTERM))).toEqual({ ...own });
    }));
  });

  test.each([
    [{ 'oakestra/managed': 'no' }, /label oakestra\/managed is set by the runtime/],
    [{ long: 'ü'.repeat(2100) }, /label "long" has 4204 bytes/],
    [{ '': 'value' }, /label ""/],
  ])('refused: %j', (own, message) => {
    expect(() => containerLabels('shop.web', own, 'runc', SIGTERM)).toThrow(message);
    expect(() => containerLabels('shop.web', own, 'runc', SIGTERM)).toThrow(RuntimeError);
  });
});

test.each([['SIGQUIT', SIGQUIT], ['quit', SIGQUIT], ['SIGINT', SIGINT], ['2', SIGINT], ['', SIGTERM], ['SIGNONSENSE', SIGTERM], ['99', SIGTERM], ['0', SIGTERM]])('stop signal %j', (text, number) => {
  expect(stopSignalNumber(text)).toBe(number);
});

describe('failures of a start', () => {
  const workload = { name: 'shop.web', image: 'nginx', command: ['serve'] };
  test.each([
    ['runc', 'OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable file not found in $PATH: unknown'],
    ['runc, a path', 'unable to start container process: exec: "serve": stat serve: no such file or directory: unknown'],
    ['crun', 'OCI runtime create failed: executable file `serve` not found: No such file or directory: unknown'],
    ['crun, forbidden', 'OCI runtime create failed: open executable: Permission denied: exec: "serve": permission denied'],
    ['runsc', 'OCI runtime start failed: starting container: starting root container: error finding executable "serve" in PATH []: no such file or directory'],
  ])('%s names the command', (_runtime, details) => {
    const failure = startFailure(new RuntimeError('failed', details), workload) as RuntimeError;
    expect(failure.kind).toBe('failed');
    expect(failure.message).toContain('shop.web: nginx has no program "serve"');
  });

  test('other failures keep their kind and gain the name', () => {
    expect(startFailure(new RuntimeError('temporary', 'disk full'), workload)).toMatchObject({ kind: 'temporary', message: 'shop.web: disk full' });
    const bug = new TypeError('undefined is not a function');
    expect(startFailure(bug, workload)).toBe(bug);
  });
});

describe('accounts of an image', () => {
  async function layers(count: number): Promise<string[]> {
    const dir = await mkdtemp(join(tmpdir(), 'oak-accounts-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const made = Array.from({ length: count }, (_one, index) => join(dir, `layer${index}`));
    for (const layer of made) await mkdir(join(layer, 'etc'), { recursive: true });
    return made;
  }
  const overlay = (lower: readonly string[]) => [Mount.fromPartial({ type: 'overlay', source: 'overlay', options: ['index=off', `lowerdir=${lower.join(':')}`] })];

  test('the upper layer wins, and a link stays inside the image', async () => {
    const [upper = '', lower = ''] = await layers(2);
    await writeFile(join(lower, 'etc/passwd'), 'lower');
    await writeFile(join(lower, 'etc/group'), 'group');
    await writeFile(join(upper, 'etc/real'), 'upper');
    await symlink('/etc/real', join(upper, 'etc/passwd'));
    expect(await imageAccounts(overlay([upper, lower]))).toEqual({ passwd: 'upper', group: 'group' });
  });

  test('a file of absurd size is refused', async () => {
    const [only = ''] = await layers(1);
    await writeFile(join(only, 'etc/passwd'), Buffer.alloc(2 ** 20 + 1));
    await expect(imageAccounts(overlay([only]))).rejects.toThrow(/passwd of the image has 1048577 bytes/);
  });

  test('a link out of the image finds nothing, and an image may have no files at all', async () => {
    const [only = ''] = await layers(1);
    await symlink('../../../../../../../../etc/passwd', join(only, 'etc/passwd'));
    expect(await imageAccounts(overlay([only]))).toEqual({ passwd: '', group: '' });
    const [folder = ''] = await layers(1);
    await rm(join(folder, 'etc'), { recursive: true });
    await symlink('/etc', join(folder, 'etc'));
    expect(await imageAccounts(overlay([folder]))).toEqual({ passwd: '', group: '' });
    expect(await imageAccounts([Mount.fromPartial({ type: 'bind', source: only })])).toEqual({ passwd: '', group: '' });
    expect(await imageAccounts([])).toEqual({ passwd: '', group: '' });
  });
});

test('only what the kernel has mounted is a hierarchy of cgroups', () => {
  const mountinfo = `30 25 0:26 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
33 25 0:29 / /sys/fs/other rw - cgroup2 cgroup2 rw
34 25 0:30 / /home/cgroup rw - ext4 /dev/sda1 rw
`;
  expect(hierarchiesOf(mountinfo)).toEqual(['/sys/fs/cgroup/memory', '/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/other']);
});

test("a folder is in the way only when containerd names it, and it is this container's", () => {
  const id = 'a'.repeat(24);
  const said = (details: string) => new RpcError('failed', details, { code: 2, details });
  const folder = `/run/containerd/io.containerd.runtime.v2.task/oak/${id}`;
  expect(leftBundle(said(`failed to start shim: mkdir ${folder}: file exists: unknown`), 'oak', id)).toBe(folder);
  for (const [details, namespace] of [[`mkdir ${folder}: file exists`, 'other'], [`mkdir ${folder}: no space left on device`, 'oak'], [`mkdir /etc/${id}: file exists`, 'oak'], [`mkdir ${folder}/x: file exists`, 'oak']] as const) {
    expect(leftBundle(said(details), namespace, id)).toBeUndefined();
  }
  expect(leftBundle(new Error(`mkdir ${folder}: file exists`), 'oak', id)).toBeUndefined();
});

test.each([[0x0103, 1, 3], [0x8_03, 8, 3], [2 ** 32 * 0x1000 + 0x5ff, 0x1005, 0xff]])('device number %i', (number, major, minor) => {
  expect(deviceNumbers(number)).toEqual({ major, minor });
});

describe('metrics recorded from containerd', () => {
  const sample = (version: 1 | 2, text: string) => Any.fromPartial({ typeUrl: `io.containerd.cgroups.v${version}.Metrics`, value: Buffer.from(text, 'base64') });
  test('cgroup v2', () => {
    const recorded = 'CgQIAhAyEhQIgLUYENDKFhiw6gEgDigDMJC/BSI+CIDABhiAgAIgiI8HWICgBmCAIIAB2NgDiAGwtgOQAbwkmAEI0AEFgAKAwB6IAoCAgCCYAv///////////wEqADIAQgA=';
    expect(statsOf('x', sample(2, recorded))).toEqual({ id: 'x', cpuMs: 400, memoryBytes: 499_712, memoryLimitBytes: 67_108_864, oomKills: 0 });
  });

  test('cgroup v1', () => {
    const recorded =
      'EgQIAhAyGhgKFAiyzPgGEICt4gQiCK3sxwSF4LACEgAiuAEIgKBUEICAByCAwEYogEA4xAdA1wRIyQhQAViAwAZggEBogOAPcIDARIABgICAIIgBgOD///////9/kAGAoFSYAYCAB6gBgMBGsAGAQMABxAfIAdcE0AHJCNgBAeABgMAG6AGAQPABgOAP+AGAwESKAg4IgICAIBCAwHkYgOCZAZICEwiA4P///////38QgMB5GIDgmQGaAhIIgOD///////9/EIDAEBiAwCaiAgoIgOD///////9/KgBKAA==';
    expect(statsOf('x', sample(1, recorded))).toMatchObject({ id: 'x', memoryLimitBytes: 67_108_864, oomKills: 0 });
  });

  test('nothing, or something else', () => {
    expect(statsOf('x', undefined)).toBeUndefined();
    expect(statsOf('x', Any.fromPartial({ typeUrl: 'something.Else' }))).toBeUndefined();
  });
});
