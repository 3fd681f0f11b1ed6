import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RuntimeError } from '@oak/runtime';
import type { Boot } from '../driver.ts';
import type { Launch, Launched, Launcher } from '../qemu/launch.ts';
import { killGroup } from '../qemu/cgroup.ts';
import { asQemu } from './as-qemu.ts';

export interface KraftLauncherOptions {
  /** Absolute path of kraft. */
  readonly kraft: string;
  readonly accelerator: 'kvm' | 'tcg';
  /** Folder of kraft's stores, one for each machine. Short: sockets below it have paths of at most 107 bytes. */
  readonly storesDir?: string;
  /** Until a call of kraft is killed. */
  readonly callMs?: number;
}

export const ordinaryStoresDir = '/run/oak-kraft';
const ordinaryCallMs = 20_000;
/** Of a socket's path, what stands behind the machine's store: `/<36 characters>/qemu_control.sock`, and the end of the text. */
const socketTailBytes = 1 + 36 + 1 + 'qemu_control.sock'.length + 1;
const socketPathBytes = 108;

/**
 * Machines through kraft. Each has a store of its own: kraft opens a store for one call at a time, and one machine in it that hangs, or has just been killed, fails or blocks the calls for
 * all others. After `run` kraft is asked for nothing: how the machine does and ends is known from QEMU and its parent, and its store goes with it.
 */
export class KraftLauncher implements Launcher {
  readonly name = 'kraft';
  readonly #options: KraftLauncherOptions;

  constructor(options: KraftLauncherOptions) {
    this.#options = options;
  }

  scratchDir(id: string): string {
    return join(this.#options.storesDir ?? ordinaryStoresDir, id);
  }

  /** @throws RuntimeError failed: kraft does not run it, with what it says */
  async launch(launch: Launch, boot: Boot, signal: AbortSignal): Promise<Launched> {
    const { kraft, callMs = ordinaryCallMs } = this.#options;
    const store = this.scratchDir(boot.id);
    if (Buffer.byteLength(store) + socketTailBytes > socketPathBytes) throw new RuntimeError('failed', `${store}: too long a path for the sockets of kraft's machines; take a shorter folder`);
    await mkdir(store, { recursive: true, mode: 0o711 });
    const program = join(launch.folder, 'qemu');
    await writeFile(program, asQemu(launch), { mode: 0o700 });
    const late = AbortSignal.timeout(callMs);
    try {
      await call(kraft, this.#words(launch, boot), { cwd: launch.folder, env: environment(launch.folder, store, program), signal: AbortSignal.any([signal, late]) });
    } catch (error) {
      signal.throwIfAborted();
      // Whatever became of kraft afterwards: the guest was let go.
      if (!(await hasBegun(launch.folder))) throw new RuntimeError('failed', `${boot.name}: kraft does not run it: ${late.aborted ? `it did not answer within ${callMs / 1000} s` : messageOf(error)}`, { cause: error });
    }
    return { ended: never };
  }

  #words({ kernelPath }: Launch, { id, memoryMiB, environment: variables, command }: Boot): string[] {
    const plain = this.#options.accelerator === 'tcg' ? ['--disable-acceleration'] : [];
    return [
      'run', '--detach', '--plat', 'qemu', '--arch', 'x86_64', ...plain, '--memory', `${memoryMiB}Mi`, '--name', `oak-${id}`, ...variables.flatMap((variable) => ['--env', variable]), kernelPath, '--', ...command,
    ];
  }
}

/** kraft is not QEMU's parent. */
const never = new Promise<never>(() => undefined);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const hasBegun = async (folder: string): Promise<boolean> => (await readFile(join(folder, 'events'), 'utf8').catch(() => '')).includes('"event": "RESUME"');

/** One call of kraft and what it starts, killed together: it is deaf to SIGTERM while it waits for QEMU. @throws with what it said */
async function call(kraft: string, words: readonly string[], { cwd, env, signal }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal }): Promise<void> {
  signal.throwIfAborted();
  // A folder of its own: what kraft writes beside itself is no other machine's. A group of its own, to be killed by.
  const child = spawn(kraft, words, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const end = (): void => { if (child.pid !== undefined) killGroup(child.pid); };
  signal.addEventListener('abort', end, { once: true });
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0) throw new Error((await said).join('').trim().slice(0, 2_000) || `it ended with ${status ?? 'SIGKILL'} and without a word`);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function environment(folder: string, store: string, qemu: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'], HOME: folder, KRAFTKIT_RUNTIME_DIR: store, KRAFTKIT_CONFIG_DIR: folder, KRAFTKIT_QEMU: qemu, KRAFTKIT_NO_PROMPT: 'true', KRAFTKIT_NO_CHECK_UPDATES: 'true', KRAFTKIT_NO_EMOJIS: 'true',
    KRAFTKIT_NO_COLOR: 'true', KRAFTKIT_NO_WARN_SUDO: '1', KRAFTKIT_NO_PARALLEL: 'true', KRAFTKIT_PAGER: 'cat', KRAFTKIT_LOG_TYPE: 'basic', KRAFTKIT_LOG_LEVEL: 'error',
  };
}
