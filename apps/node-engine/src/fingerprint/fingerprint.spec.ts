import { appendFileSync, chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock, realRandom } from '@oak/reconcile';
import { createContainerdRuntimes, daemonPath, findProgram, probeRoute, programVersion, readHandlers, routesOf } from '@oak/runtime-containerd';
import { startContainerd } from '@oak/runtime-containerd/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startFingerprint } from './fingerprint-loop.ts';
import { RuntimeCatalogue } from './runtime-catalogue.ts';

vi.setConfig({ testTimeout: 90_000 });

test('a real containerd: what works is offered, what is added is found, what vanishes goes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'oak-real-fingerprint-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const cgroupParent = `/oak-fingerprint-${process.pid}`;
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const containerd = await startContainerd({ version: '1.6', dir, cgroupParent, binDirs: [bin] });
  onTestFinished(() => containerd.stop());
  const runtimes = createContainerdRuntimes({ socket: containerd.socket, namespace: 'oak', stateDir: join(dir, 'node'), logDir: join(dir, 'logs'), cgroupParent, allowPrivileged: false, registries: {} });
  onTestFinished(() => runtimes.close());
  const path = daemonPath(containerd.socket) ?? '';
  const catalogue = new RuntimeCatalogue({
    detect: () => readHandlers(containerd.configPath), routes: (handler) => routesOf(handler, join(dir, 'root')), runtimeFor: (name, route, version) => runtimes.runtimeFor(name, route, version), versionOf: programVersion,
    probe: (route, signal) => probeRoute(runtimes.client, route, { cgroupParent }, signal), find: (program) => findProgram(program, path), clock: realClock, onChange: () => undefined, log: () => undefined,
  });
  await catalogue.refresh('start');
  const health = () => Object.fromEntries(catalogue.statuses().map(({ virtualization, healthy }) => [virtualization, healthy]));
  expect(health()).toEqual({ runc: true, crun: true, runsc: true });
  expect(catalogue.statuses().find(({ virtualization }) => virtualization === 'runsc')?.route).toBe('io.containerd.runc.v2, binary runsc');
  const versions = Object.fromEntries(catalogue.statuses().map(({ virtualization, version }) => [virtualization, version]));
  expect(versions).toMatchObject({ runc: expect.stringMatching(/^1\.\d+/) as string, crun: expect.stringMatching(/^1\.\d+/) as string });
  const stop = startFingerprint({ catalogue, files: () => readHandlers(containerd.configPath).files, clock: realClock, random: realRandom, periodMs: 600_000, log: () => undefined });
  onTestFinished(stop);

  const own = join(bin, 'my-runtime');
  writeFileSync(own, '#!/bin/sh\nexec runc "$@"\n');
  chmodSync(own, 0o755);
  appendFileSync(containerd.configPath, '\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine]\nruntime_type = "io.containerd.runc.v2"\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine.options]\nBinaryName = "my-runtime"\n');
  await vi.waitFor(() => { expect(health()).toEqual({ runc: true, crun: true, runsc: true, mine: true }); }, { timeout: 30_000, interval: 50 });
  rmSync(own);
  await vi.waitFor(() => { expect(catalogue.resolve('mine')).toEqual({ problem: "runtime mine does not work on this node: program missing: my-runtime not found on containerd's PATH" }); }, { timeout: 10_000, interval: 50 });
  expect(health()).toMatchObject({ runc: true, crun: true, runsc: true });
});
