import { existsSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError } from '@oak/runtime';
import type { Program, RuntimeSubject, Step, SubjectTraits } from '@oak/runtime/testing';
import type { Kernel, UnikernelDriver } from '../driver.ts';
import { cgroupFolders, clearCgroup } from '../qemu/cgroup.ts';
import { UnikraftRuntime, type Kernels } from '../unikraft-runtime.ts';
import { PlainLogs } from './plain-logs.ts';

const exec = promisify(execFile);
const never = new AbortController().signal;
const guestProgram = join(import.meta.dirname, '../../../../tools/fixtures/src/guest/main.ts');

export interface DriverPlaces {
  readonly stateDir: string;
  readonly cgroupParent: string;
}

/** A folder with the guest of the tests and a runtime on one driver. */
export interface UnikraftBench {
  readonly dir: string;
  readonly places: DriverPlaces;
  readonly logs: PlainLogs;
  readonly kernels: TestKernels;
  runtime(driver: UnikernelDriver): UnikraftRuntime;
  attach: RuntimeSubject['attach'];
  subject(driver: UnikernelDriver): RuntimeSubject;
  close(): Promise<void>;
}

/** What a unikernel is not, or has none of. Its memory is its own: it can not take more than it has, and says so itself (see the drivers' specs). */
export const unikernelTraits: SubjectTraits = { users: false, memoryLimits: false, namesFiles: false, standardError: false, commands: false, privileged: false, volumes: false };

/** Kernels by name; all are the same guest. */
export class TestKernels implements Kernels {
  readonly known = new Map<string, Kernel>();

  ensure(reference: string, signal: AbortSignal): Promise<Kernel> {
    const kernel = this.known.get(reference);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return kernel ? Promise.resolve(kernel) : Promise.reject(new RuntimeError('invalid', `${reference}: no such kernel`));
  }
}

let benches = 0;
let networks = 0;

export async function openUnikraftBench(): Promise<UnikraftBench> {
  const dir = await mkdtemp(join(tmpdir(), 'oak-uk-'));
  const cgroupParent = `/oak-uk-${process.pid}-${benches++}`;
  const close = async (): Promise<void> => {
    await clearCgroup(await cgroupFolders('', cgroupParent));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    // The guest's file is opened by a user who is nobody else.
    await chmod(dir, 0o755);
    const { stdout } = await exec(process.execPath, [guestProgram, dir]);
    const kernels = new TestKernels();
    const plain: Kernel = { kernelPath: stdout.trim(), command: [], environment: [] };
    kernels.known.set('plain', plain).set('defaults', { ...plain, command: ['say:hello%20from%20the%20image', 'show:environment'], environment: ['GREETING=hello', 'COLOUR=red'] })
      .set('directory', { ...plain, environment: ['PWD=/srv/app'] });
    const places = { stateDir: join(dir, 'machines'), cgroupParent };
    await mkdir(places.stateDir);
    const logs = new PlainLogs(join(dir, 'logs'));
    const runtime = (driver: UnikernelDriver): UnikraftRuntime => new UnikraftRuntime({ driver, kernels, logs });
    const subject = (driver: UnikernelDriver): RuntimeSubject => {
      const made = runtime(driver);
      return {
        runtime: made, strict: made, command, attach, missingCommand: [], close: () => Promise.resolve(),
        images: { plain: 'plain', user: 'plain', defaults: 'defaults', directory: 'directory', missing: 'registry.example/missing:1' },
        leftovers: () => leftovers(driver, dir, places),
      };
    };
    return { dir, places, logs, kernels, runtime, attach, subject, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A network namespace as net-manager leaves it: eth0 with one address of each family, and a gateway beside it. */
async function attach(): Promise<Awaited<ReturnType<RuntimeSubject['attach']>>> {
  const name = `oak-uk-${process.pid}-${networks++}`;
  await exec('ip', ['netns', 'add', name]);
  const lines = [
    'link add eth0 type veth peer name other', 'link set lo up', 'link set eth0 up', 'link set other up', 'address add 10.18.0.5/32 dev eth0', 'address add fc00::5/128 dev eth0 nodad',
    'route add 10.18.0.1 dev eth0 scope link', 'route add default via 10.18.0.1 dev eth0', 'route add fc00::1 dev eth0', 'route add default via fc00::1 dev eth0',
  ];
  await exec('ip', ['netns', 'exec', name, 'sh', '-c', lines.map((line) => `ip ${line}`).join(' && ')]);
  const attachment = { netnsPath: `/run/netns/${name}`, hosts: [], nameservers: [], searchDomains: [] };
  return { attachment, detach: async () => void (await exec('ip', ['netns', 'del', name])) };
}

async function leftovers(driver: UnikernelDriver, dir: string, { cgroupParent, stateDir }: DriverPlaces): Promise<string[]> {
  const none = (): string[] => [];
  const groups = await Promise.all((await cgroupFolders('', cgroupParent)).map(async (folder) => (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`)));
  return [
    ...(await driver.list(never)).map(({ id }) => `machine ${id}`), ...(await readdir(stateDir).catch(none)).map((name) => `folder ${name}`),
    ...(await readdir(join(dir, 'logs')).catch(none)).map((name) => `logs ${name}`), ...groups.flat().map((path) => `cgroup ${path}`),
    // Others test at the same time: what a living process has just made it will remove.
    ...(await readdir('/dev')).filter((name) => name.startsWith('oak-tap-') && !existsSync(`/proc/${name.split('-').at(-1)}`)).map((name) => `device ${name}`),
  ];
}

/** The program in the words of the guest. */
export const command = (program: Program): string[] => program.map(wordOf);

const escaped = (text: string): string => [...Buffer.from(text)].map((byte) => (/[A-Za-z0-9._/-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`)).join('');

function wordOf(step: Step): string {
  if ('say' in step) return `say:${escaped(step.say)}`;
  if ('show' in step) return `show:${step.show}`;
  if ('count' in step) return `count:${escaped(step.count)}`;
  if ('ignoreTerm' in step) return 'ignoreTerm';
  if ('sleepMs' in step) return `sleep:${step.sleepMs}`;
  if ('eatMemoryMiB' in step) return `eat:${step.eatMemoryMiB}`;
  if ('exit' in step) return `exit:${step.exit}`;
  if ('forever' in step) return 'forever';
  throw new Error(`the guest can not ${JSON.stringify(step)}`);
}
