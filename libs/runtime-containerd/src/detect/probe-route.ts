import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeError } from '@oak/runtime';
import { specAny } from '../client/any.ts';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isNotFound } from '../client/rpc-error.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import type { Route } from '../lifecycle/route.ts';
import { Tasks } from '../lifecycle/tasks.ts';
import { defaultCapabilities } from '../spec/capabilities.ts';

export interface ProbeResult { readonly ok: boolean; readonly reason?: string; readonly ms: number }
export interface ProbeOptions { readonly cgroupParent: string; /** A static busybox. */ readonly program?: string; readonly deadlineMs?: number }

/** Not 0 and not at once: a shim that lost the code, or never ran the program, must not pass. */
const expectedCode = 42;
const script = `sleep 0.3; exit ${expectedCode}`;

/** Runs a tiny real container by this route, and says whether it ended as it should. Leaves nothing behind. */
export async function probeRoute(client: ContainerdClient, route: Route, { cgroupParent, program = '/bin/busybox', deadlineMs = 20_000 }: ProbeOptions, signal: AbortSignal): Promise<ProbeResult> {
  const began = Date.now();
  const id = `probe${randomBytes(10).toString('hex')}`;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const dir = await mkdtemp(join(tmpdir(), 'oakestra-probe-'));
  try {
    const code = await run(client, route, { id, dir, cgroupParent, program }, bounded);
    return code === expectedCode ? { ok: true, ms: Date.now() - began } : { ok: false, ms: Date.now() - began, reason: `the probe's program exited with ${code}, expected ${expectedCode}` };
  } catch (error) {
    signal.throwIfAborted();
    const reason = bounded.aborted ? `the probe did not end within ${deadlineMs / 1000} s` : error instanceof RuntimeError ? error.message : String(error);
    return { ok: false, reason: reason.slice(0, 2_000), ms: Date.now() - began };
  } finally {
    await clear(client, id);
    await rm(dir, { recursive: true, force: true });
  }
}

async function run(client: ContainerdClient, { runtimeType, options, annotations = {} }: Route, { id, dir, cgroupParent, program }: { id: string; dir: string; cgroupParent: string; program: string }, signal: AbortSignal): Promise<number> {
  const rootfs = join(dir, 'rootfs');
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp']) await mkdir(join(rootfs, name), { recursive: true });
  await copyFile(program, join(rootfs, 'bin', 'busybox'));
  await chmod(dir, 0o755);
  await client.call(ContainersDefinition, 'create', { container: { id, labels: { 'oakestra/probe': 'true' }, runtime: { name: runtimeType, options }, spec: specAny({ ...probeSpec(id, cgroupParent), annotations }) } }, { signal });
  await client.call(TasksDefinition, 'create', { containerId: id, options, rootfs: [{ type: 'bind', source: rootfs, target: '', options: ['rbind', 'ro'] }] }, { signal });
  const ended = client.call(TasksDefinition, 'wait', { containerId: id }, { signal, deadlineMs: Infinity });
  ended.catch(() => undefined);
  await client.call(TasksDefinition, 'start', { containerId: id }, { signal });
  return (await ended).exitStatus;
}

function probeSpec(id: string, cgroupParent: string): object {
  return {
    ociVersion: '1.0.2', hostname: 'probe', root: { path: 'rootfs', readonly: true },
    process: {
      args: ['/bin/busybox', 'sh', '-c', script], env: ['PATH=/bin'], cwd: '/', user: { uid: 0, gid: 0 }, noNewPrivileges: true,
      capabilities: { bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities },
    },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] }, { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] }],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })), cgroupsPath: `${cgroupParent}/${id}`, resources: { devices: [{ allow: false, access: 'rwm' }] } },
  };
}

async function clear(client: ContainerdClient, id: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await new Tasks(client).clear(id, signal).catch(() => undefined);
  await client.call(ContainersDefinition, 'delete', { id }, { signal }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}
