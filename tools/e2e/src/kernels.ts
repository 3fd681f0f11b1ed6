import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Lab } from '@oak/lab';
import { callerPort } from './callers.ts';

const exec = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const port = 8099;

/** The test unikernel as an archive in a folder. */
export interface GuestArchive {
  /** Serves it on the lab's root. @returns the URL */
  serve(lab: Lab): Promise<string>;
  close(): Promise<void>;
}

export async function buildGuestArchive(): Promise<GuestArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'oak-e2e-kernel-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await exec(process.execPath, [here('../../fixtures/src/guest/main.ts'), folder]);
    const archive = join(folder, 'kernel.tar.gz');
    await exec('tar', ['-czf', archive, '-C', folder, 'kernel']);
    const serve = async (lab: Lab): Promise<string> => {
      const argv = [process.execPath, here('testing/serve-file-main.ts'), archive, String(port)];
      await lab.run('root', { name: 'kernels', argv, ready: { kind: 'http', url: `http://127.0.0.1:${port}/readyz` } });
      return `http://${lab.host('root').address}:${port}/kernel.tar.gz`;
    };
    return { serve, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A microservice that is the test unikernel and does these words. */
export const unikernel = (code: string, ...cmd: readonly string[]) => ({ virtualization: 'unikernel', arch: ['amd64'], code, cmd, memory: 16 });
/** As the image `oakestra/caller`: same port, same questions. */
export const unikernelCaller = (code: string) => unikernel(code, `http:${callerPort}`, 'forever');
