import { expect, test } from 'vitest';
import { RuncOptions, ShimOptions } from '../gen/payloads.ts';
import { cgroupMetrics, runcOptionsAny, shimOptionsAny, specAny, typeName } from './any.ts';

test('metrics of a 64 MiB container on cgroup v2 (recorded)', () => {
  const value = Buffer.from('CgQIAhAyEhQIgLUYENDKFhiw6gEgDigDMJC/BSI+CIDABhiAgAIgiI8HWICgBmCAIIAB2NgDiAGwtgOQAbwkmAEI0AEFgAKAwB6IAoCAgCCYAv///////////wEqADIAQgA=', 'base64');
  const measured = cgroupMetrics({ typeUrl: 'io.containerd.cgroups.v2.Metrics', value });
  expect(measured).toMatchObject({ version: 2, metrics: { pids: { current: 2n, limit: 50n }, cpu: { usageUsec: 400_000n }, memory: { usageLimit: 67_108_864n, inactiveFile: 0n, usage: 499_712n }, memoryEvents: { oomKill: 0n } } });
});

test('metrics of a 64 MiB container on cgroup v1 (recorded)', () => {
  const value = Buffer.from('EgQIAhAyGhgKFAiyzPgGEICt4gQiCK3sxwSF4LACEgAiuAEIgKBUEICAByCAwEYogEA4xAdA1wRIyQhQAViAwAZggEBogOAPcIDARIABgICAIIgBgOD///////9/kAGAoFSYAYCAB6gBgMBGsAGAQMABxAfIAdcE0AHJCNgBAeABgMAG6AGAQPABgOAP+AGAwESKAg4IgICAIBCAwHkYgOCZAZICEwiA4P///////38QgMB5GIDgmQGaAhIIgOD///////9/EIDAEBiAwCaiAgoIgOD///////9/KgBKAA==', 'base64');
  const measured = cgroupMetrics({ typeUrl: 'types.containerd.io/io.containerd.cgroups.v1.Metrics', value });
  expect(measured).toMatchObject({ version: 1, metrics: { pids: { current: 2n }, cpu: { usage: { total: 14_558_770n } }, memory: { usage: { limit: 67_108_864n, usage: 1_990_656n }, inactiveFile: 258_048n, totalInactiveFile: 258_048n } } });
});

test('what is no metrics is undefined', () => {
  expect(cgroupMetrics(undefined)).toBeUndefined();
  expect(cgroupMetrics({ typeUrl: 'containerd.events.TaskExit', value: Buffer.alloc(0) })).toBeUndefined();
});

test('payloads carry the names that containerd dispatches on', () => {
  expect(typeName(specAny({}))).toBe('Spec');
  const runc = runcOptionsAny({ binaryName: 'runsc', root: '/run/oak' });
  expect(runc.typeUrl).toBe('containerd.runc.v1.Options');
  expect(RuncOptions.decode(runc.value)).toMatchObject({ binaryName: 'runsc', root: '/run/oak', systemdCgroup: false });
  const shim = shimOptionsAny({ typeUrl: 'io.containerd.runsc.v1.options', configPath: '/etc/containerd/runsc.toml' });
  expect(shim.typeUrl).toBe('runtimeoptions.v1.Options');
  expect(ShimOptions.decode(shim.value)).toMatchObject({ typeUrl: 'io.containerd.runsc.v1.options', configPath: '/etc/containerd/runsc.toml' });
});
