import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { RpcError } from '../client/rpc-error.ts';
import { killShim } from './force.ts';

const exec = promisify(execFile);

/**
 * The folder of a task that is in the way of a new one of that id: containerd was killed when it had just made it. Its API knows nothing of
 * it, but names it in the refusal. Undefined: the error is about something else.
 */
export function leftBundle(error: unknown, namespace: string, id: string): string | undefined {
  const path = error instanceof RpcError ? /mkdir (\/\S+): file exists/.exec(error.details)?.[1] : undefined;
  return path?.endsWith(`/io.containerd.runtime.v2.task/${namespace}/${id}`) === true ? path : undefined;
}

/** Does what containerd does when it starts anew and finds such a folder. Nothing runs in it: the container has no task. */
export async function removeBundle({ namespace }: ContainerdClient, id: string, path: string): Promise<void> {
  await killShim(namespace, id);
  const rootfs = join(path, 'rootfs');
  if (await isMounted(rootfs)) await exec('umount', ['--lazy', rootfs]);
  // Below a mount are a workload's files, not containerd's.
  if (await isMounted(rootfs)) throw new RuntimeError('temporary', `${rootfs} is left of an earlier start and stays mounted`);
  await rm(path, { recursive: true, force: true });
}

async function isMounted(dir: string): Promise<boolean> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').some((line) => line.split(' ')[4] === dir);
}
