import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
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
const probeLabel = 'oakestra/probe';
/** Longer than any probe with its clearing takes. */
const orphanMs = 120_000;
const script = `sleep 0.3; exit ${expectedCode}`;

/** Runs a tiny real container by this route, and says whether it ended as it should and could be removed. Leaves nothing behind. @throws the signal's reason */
export async function probeRoute(client: ContainerdClient, route: Route, { cgroupParent, program = '/bin/busybox', deadlineMs = 20_000 }: ProbeOptions, signal: AbortSignal): Promise<ProbeResult> {
  const began = performance.now();
  const id = `probe${randomBytes(10).toString('hex')}`;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const failure = (error: unknown): string => (bounded.aborted ? `the probe did not end within ${deadlineMs / 1000} s` : textOf(error));
  const fault = await run(client, route, { id, cgroupParent, program }, bounded).then(faultOf, failure);
  const left = await clear(client, id).then(() => undefined, textOf);
  signal.throwIfAborted();
  const reason = fault ?? (left === undefined ? undefined : `the probe ran, but its container could not be removed: ${left}`);
  return { ok: reason === undefined, ms: Math.round(performance.now() - began), ...(reason !== undefined && { reason: reason.slice(0, 2_000) }) };
}

/** Removes probes that a node engine could not clear because it was killed. Young ones may be somebody's who still lives. */
export async function sweepProbes(client: ContainerdClient, olderThanMs: number, signal: AbortSignal): Promise<void> {
  const { containers } = await client.call(ContainersDefinition, 'list', { filters: [`labels.${JSON.stringify(probeLabel)}==true`] }, { signal });
  for (const { id, createdAt } of containers) if (createdAt !== undefined && Date.now() - createdAt.getTime() >= olderThanMs) await clear(client, id);
}

function faultOf(code: number): string | undefined {
  return code === expectedCode ? undefined : `the probe's program exited with ${code}, expected ${expectedCode}`;
}

function textOf(error: unknown): string {
  return error instanceof RuntimeError ? error.message : String(error);
}

/** Told by the id alone, so that a sweep finds it. */
function folderOf(id: string): string {
  return join(tmpdir(), `oakestra-probe-${id}`);
}

async function run(client: ContainerdClient, { runtimeType, options, annotations = {} }: Route, { id, cgroupParent, program }: { id: string; cgroupParent: string; program: string }, signal: AbortSignal): Promise<number> {
  await sweepProbes(client, orphanMs, signal);
  const dir = folderOf(id);
  // A folder of that name that is there already is not ours.
  await mkdir(dir, { mode: 0o700 });
  const rootfs = join(dir, 'rootfs');
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp']) await mkdir(join(rootfs, name), { recursive: true });
  await copyFile(program, join(rootfs, 'bin', 'busybox'));
  await chmod(dir, 0o755);
  await client.call(ContainersDefinition, 'create', { container: { id, labels: { [probeLabel]: 'true' }, runtime: { name: runtimeType, options }, spec: specAny({ ...probeSpec(id, cgroupParent), annotations }) } }, { signal });
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

/** Each step whether or not the one before it worked. */
async function clear(client: ContainerdClient, id: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  const process = await new Tasks(client).clear(id, signal).then(() => undefined, (error: unknown) => error);
  const container = await client.call(ContainersDefinition, 'delete', { id }, { signal }).then(() => undefined, (error: unknown) => (isNotFound(error) ? undefined : error));
  await rm(folderOf(id), { recursive: true, force: true });
  if (process ?? container) throw process ?? container;
}
