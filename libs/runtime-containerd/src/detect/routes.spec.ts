import { expect, test } from 'vitest';
import { RuncOptions, ShimOptions } from '../gen/payloads.ts';
import { parseHandlers } from './handlers.ts';
import { routesOf } from './routes.ts';

function routes(name: string, type: string, more = '', options = '') {
  const text = `[plugins.cri.containerd.runtimes.${name}]\nruntime_type = "${type}"\n${more}\n[plugins.cri.containerd.runtimes.${name}.options]\n${options}\n`;
  const handler = parseHandlers([{ path: 'x', text }]).handlers.find((one) => one.name === name);
  return handler ? routesOf(handler, '/run/oak') : [];
}

test('runc and its relatives go through the shim of runc, each binary with a root of its own', () => {
  expect(routes('runc', 'io.containerd.runc.v2')).toMatchObject([{ runtimeType: 'io.containerd.runc.v2', requires: ['containerd-shim-runc-v2', 'runc'], binary: 'runc', sandboxed: false }]);
  const [crun] = routes('crun', 'io.containerd.runc.v2', '', 'BinaryName = "/usr/bin/crun"');
  expect(crun).toMatchObject({ requires: ['containerd-shim-runc-v2', '/usr/bin/crun'], sandboxed: false });
  expect(RuncOptions.decode(crun?.options?.value ?? Buffer.alloc(0))).toMatchObject({ binaryName: '/usr/bin/crun', root: '/run/oak/_usr_bin_crun' });
});

test("gVisor: its own shim as configured, then its binary below runc's shim", () => {
  const [own, below, ...rest] = routes('runsc', 'io.containerd.runsc.v1', '', 'TypeUrl = "io.containerd.runsc.v1.options"\nConfigPath = "/etc/containerd/runsc.toml"');
  expect(own).toMatchObject({ runtimeType: 'io.containerd.runsc.v1', requires: ['containerd-shim-runsc-v1', 'runsc'], binary: 'runsc', sandboxed: true, annotations: { 'io.kubernetes.cri.container-type': 'sandbox' } });
  expect(own?.options?.typeUrl).toBe('runtimeoptions.v1.Options');
  expect(ShimOptions.decode(own?.options?.value ?? Buffer.alloc(0))).toMatchObject({ typeUrl: 'io.containerd.runsc.v1.options', configPath: '/etc/containerd/runsc.toml' });
  expect(below).toMatchObject({ runtimeType: 'io.containerd.runc.v2', requires: ['containerd-shim-runc-v2', 'runsc'], sandboxed: true, label: 'io.containerd.runc.v2, binary runsc' });
  expect(RuncOptions.decode(below?.options?.value ?? Buffer.alloc(0))).toMatchObject({ binaryName: 'runsc', root: '/run/oak/runsc' });
  expect(rest).toEqual([]);
});

test('any other type is launched as it is configured, also by the path of its shim', () => {
  expect(routes('urunc', 'io.containerd.urunc.v2')).toMatchObject([{ runtimeType: 'io.containerd.urunc.v2', options: undefined, requires: ['containerd-shim-urunc-v2'], binary: undefined }]);
  expect(routes('kata', 'io.containerd.kata.v2', 'runtime_path = "/opt/kata/shim"')).toMatchObject([{ runtimeType: '/opt/kata/shim', requires: ['/opt/kata/shim'] }]);
});
