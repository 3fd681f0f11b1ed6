import { expect, test } from 'vitest';
import fc from 'fast-check';
import { capabilitiesOf, defaultCapabilities } from './capabilities.ts';
import { hostsFile, resolvConf } from './names-files.ts';
import { commandLine, environment, type ImageDefaults, type NodeOptions, ociSpec, type SpecInput } from './oci-spec.ts';
import { resources } from './resources.ts';
import { seccompProfile } from './seccomp.ts';
import { isPlainUser, resolveUser } from './user.ts';

const node: NodeOptions = {
  architecture: 'amd64', cgroupParent: '/oakestra', cgroupVersion: 1, seccomp: true, openFiles: { soft: 1024, hard: 2048 }, swapAccounting: true,
  pidsLimit: 4096, overheadMiB: 0, hostCapabilities: ['CAP_SYS_ADMIN'], annotations: {},
  hostDevices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }],
};
const image: ImageDefaults = { entrypoint: ['/docker-entrypoint.sh'], cmd: ['nginx'], env: ['PATH=/own', 'A=image'], workdir: '' };
const workload: SpecInput['workload'] = {
  id: 'a'.repeat(24), name: 'shop.web', image: 'nginx', command: [], environment: ['A=workload'], hostname: 'web', limits: { vcpus: 0, memoryMiB: 0 },
  privileged: false, mounts: [], labels: {},
};
const input = (change: Partial<SpecInput['workload']> = {}, options: Partial<NodeOptions> = {}): SpecInput => ({
  workload: { ...workload, ...change }, image, user: { uid: 1, gid: 2 }, attachment: { netnsPath: '/run/netns/x' }, filesDir: '/files', node: { ...node, ...options },
});

test('an ordinary container', () => {
  const spec = ociSpec(input());
  expect(spec.process).toMatchObject({
    args: ['/docker-entrypoint.sh', 'nginx'], cwd: '/', env: ['PATH=/own', 'HOSTNAME=web', 'A=workload'], user: { uid: 1, gid: 2 }, noNewPrivileges: true,
    capabilities: { bounding: defaultCapabilities },
  });
  expect(spec.linux.namespaces).toContainEqual({ type: 'network', path: '/run/netns/x' });
  expect(spec.linux.namespaces.map(({ type }) => type)).not.toContain('cgroup');
  expect(spec.linux.cgroupsPath).toBe(`/oakestra/${'a'.repeat(24)}`);
  expect(spec.linux.maskedPaths).toContain('/proc/kcore');
  expect(spec.linux.readonlyPaths).toContain('/proc/sys');
  expect(spec.linux.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO');
  expect(spec.linux.devices).toBeUndefined();
  expect(spec.mounts.find(({ destination }) => destination === '/etc/hosts')).toEqual({
    destination: '/etc/hosts', source: '/files/hosts', type: 'bind', options: ['rbind', 'rprivate', 'ro'],
  });
  expect(spec.mounts.find(({ destination }) => destination === '/sys')?.options).toContain('ro');
  expect(defaultCapabilities).toHaveLength(14);
});

test('a privileged container has what the machine has, and no fence', () => {
  const { process, linux, mounts } = ociSpec(input({ privileged: true }));
  expect(process).toMatchObject({ capabilities: { bounding: ['CAP_SYS_ADMIN'], effective: ['CAP_SYS_ADMIN'] }, noNewPrivileges: false });
  expect(linux).toMatchObject({ maskedPaths: [], readonlyPaths: [], resources: { devices: [{ allow: true, access: 'rwm' }] } });
  expect(linux.devices).toHaveLength(1);
  expect(linux.seccomp).toBeUndefined();
  expect(mounts.find(({ destination }) => destination === '/sys/fs/cgroup')?.options).toContain('rw');
});

test('volumes come last, so that they may lie over anything', () => {
  const mounts = [{ source: '/srv/a', target: '/etc/hosts', readOnly: false }, { source: '/srv/b', target: '/b', readOnly: true }];
  expect(ociSpec(input({ mounts })).mounts.slice(-2)).toEqual([
    { destination: '/etc/hosts', source: '/srv/a', type: 'bind', options: ['rbind', 'rprivate', 'rw'] },
    { destination: '/b', source: '/srv/b', type: 'bind', options: ['rbind', 'rprivate', 'ro'] },
  ]);
});

test('cgroup v2 and kernels of their own', () => {
  const { linux } = ociSpec(input({}, { cgroupVersion: 2, seccomp: false }));
  expect(linux.namespaces).toContainEqual({ type: 'cgroup' });
  expect(linux.seccomp).toBeUndefined();
});

test.each([
  ['the workload replaces both', ['sh', '-c', 'x'], ['e'], ['c'], ['sh', '-c', 'x']],
  ['entrypoint and command', [], ['e'], ['c'], ['e', 'c']],
  ['only a command', [], [], ['c', 'd'], ['c', 'd']],
  ['only an entrypoint', [], ['e'], [], ['e']],
])('command line: %s', (_case, command, entrypoint, cmd, expected) => {
  expect(commandLine({ command, name: 'n', image: 'i' }, { entrypoint, cmd })).toEqual(expected);
});

test('no command at all is the fault of image and descriptor', () => {
  expect(() => commandLine({ command: [], name: 'shop.web', image: 'scratch:1' }, { entrypoint: [], cmd: [] })).toThrow(/shop\.web: image scratch:1 has no command/);
});

test('environment: the later layer wins, each name once', () => {
  expect(environment(['A=1', 'B=1'], ['B=2', 'C='], ['C=x=y', 'BARE'])).toEqual(['A=1', 'B=2', 'C=x=y', 'BARE']);
  const layer = fc.array(fc.tuple(fc.stringMatching(/^[A-Z]{1,2}$/), fc.string()).map(([name, value]) => `${name}=${value}`));
  fc.assert(fc.property(layer, layer, (below, above) => {
    const merged = environment(below, above);
    const names = merged.map((entry) => entry.split('=')[0]);
    return new Set(names).size === names.length && above.every((entry, index) => above.slice(index + 1).some((later) => later.split('=')[0] === entry.split('=')[0]) || merged.includes(entry));
  }));
});

const passwd = 'root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/:/bin/false\nnobody:*:65534:65534:nobody:/:/bin/false\n';
const group = 'root:x:0:\nweb:x:102:\nadm:x:4:web,other\nshadow:x:42:web\n';
test.each([
  ['', { uid: 0, gid: 0 }],
  ['root', { uid: 0, gid: 0 }],
  ['1000', { uid: 1000, gid: 0 }],
  ['1000:1001', { uid: 1000, gid: 1001 }],
  ['101', { uid: 101, gid: 102, additionalGids: [4, 42] }],
  ['web', { uid: 101, gid: 102, additionalGids: [4, 42] }],
  ['web:adm', { uid: 101, gid: 4 }],
  ['7:shadow', { uid: 7, gid: 42 }],
  ['nobody', { uid: 65534, gid: 65534 }],
])('user %j', (user, expected) => {
  expect(resolveUser(user, { passwd, group })).toEqual(expected);
});

test('users that an image does not have', () => {
  expect(() => resolveUser('ghost', { passwd, group })).toThrow(/"ghost": no ghost in its \/etc\/passwd/);
  expect(() => resolveUser('web:ghosts', { passwd, group })).toThrow(/no group ghosts/);
  expect(['', '0', 'root', '5:6'].every(isPlainUser)).toBe(true);
  expect(['5', 'web', '5:adm'].some(isPlainUser)).toBe(false);
});

const options = { swapAccounting: true, pidsLimit: 100, overheadMiB: 0 };
test.each([
  [{ vcpus: 0, memoryMiB: 0 }, options, { devices: [{ allow: false, access: 'rwm' }], pids: { limit: 100 } }],
  [{ vcpus: 1.5, memoryMiB: 0 }, options, { cpu: { quota: 150_000, period: 100_000, shares: 1536 } }],
  [{ vcpus: 0.0001, memoryMiB: 0 }, options, { cpu: { quota: 1000, period: 100_000, shares: 2 } }],
  [{ vcpus: 0, memoryMiB: 64 }, options, { memory: { limit: 67_108_864, swap: 67_108_864 } }],
  [{ vcpus: 0, memoryMiB: 64 }, { ...options, swapAccounting: false }, { memory: { limit: 67_108_864 } }],
  [{ vcpus: 0, memoryMiB: 64 }, { ...options, overheadMiB: 32 }, { memory: { limit: 100_663_296 } }],
])('limits %j', (limits, given, expected) => {
  expect(resources(limits, false, given)).toMatchObject(expected);
});

test('no pids limit means none is written', () => {
  expect(resources({ vcpus: 0, memoryMiB: 0 }, false, { ...options, pidsLimit: 0 })).not.toHaveProperty('pids');
});

test('hosts and resolv.conf', () => {
  const names = { hosts: [{ address: '10.30.0.1', names: ['db.shop', 'db'] }], nameservers: ['10.18.0.1'], searchDomains: ['shop', 'prod'] };
  expect(hostsFile(names, 'web')).toBe('127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 web\n10.30.0.1 db.shop db\n');
  expect(hostsFile(names, 'db')).not.toContain('127.0.1.1');
  expect(resolvConf(names)).toBe('search shop prod\nnameserver 10.18.0.1\n');
  expect(resolvConf({ hosts: [], nameservers: [], searchDomains: [] })).toBe('');
});

test('capability masks of the kernel', () => {
  expect(new Set(capabilitiesOf('00000000a80425fb'))).toEqual(new Set(defaultCapabilities));
  expect(capabilitiesOf('000001ffffffffff')).toHaveLength(41);
  expect(capabilitiesOf('0')).toEqual([]);
});

test('seccomp: dangerous calls need their capability', () => {
  const allowed = (capabilities: readonly string[]) =>
    seccompProfile(capabilities, 'amd64').syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args).flatMap(({ names }) => names);
  const ordinary = allowed(defaultCapabilities);
  expect(ordinary).toEqual(expect.arrayContaining(['execve', 'openat2', 'futex', 'chroot', 'accept4', 'getrandom', 'arch_prctl']));
  for (const call of ['mount', 'umount2', 'bpf', 'setns', 'unshare', 'reboot', 'init_module', 'kexec_load', 'keyctl', 'add_key', 'userfaultfd', 'clone', 'clone3', 'io_uring_setup', 'swapon', 'open_by_handle_at']) {
    expect(ordinary).not.toContain(call);
  }
  expect(allowed([...defaultCapabilities, 'CAP_SYS_ADMIN'])).toEqual(expect.arrayContaining(['mount', 'clone', 'clone3']));
  expect(new Set(ordinary).size).toBe(ordinary.length);
});

test('seccomp: without CAP_SYS_ADMIN clone makes no namespaces, and clone3 is unknown', () => {
  const { syscalls } = seccompProfile(defaultCapabilities, 'arm64');
  expect(syscalls).toContainEqual({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  expect(syscalls.find(({ names }) => names.includes('clone'))?.args).toEqual([{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]);
});
