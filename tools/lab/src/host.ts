import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { findProcesses, identityOf, type ProcessIdentity, signal, untilGone } from './process-identity.ts';

/** In the arguments of each host's first process, followed by the lab's folder and the host's name. */
const mark = 'oak-lab-host';

/**
 * What makes namespaces a machine: a /run of its own (names of network namespaces, sockets of shims), /sys that shows its own links, no hybrid cgroup
 * hierarchy (crun refuses it), and a first process that reaps orphans. bash does that; a sleep alone would not.
 */
const boot = `
set -e
hostname "$2"
mount -t tmpfs -o mode=755 oak-run /run
mkdir /run/netns /run/lock /run/cgroup
mount --move /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --move /run/cgroup /sys/fs/cgroup
mount --make-rshared /run
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
ip link set lo up
echo up
trap 'exit 0' TERM
while :; do sleep infinity & wait -n || true; done`;

const namespaces = ['--net', '--mount', '--pid', '--uts', '--ipc'];

/**
 * Starts a host: network, mount, pid, host name and IPC namespaces, held by one process. They have no name and no file, so when that process ends, however
 * it ends, the kernel ends all others in it and takes links, mounts and named network namespaces away. Needs root.
 */
export async function startHost(dir: string, name: string): Promise<ProcessIdentity> {
  const args = [...namespaces, '--propagation', 'slave', '--mount-proc', '--fork', '--kill-child', 'bash', '-c', boot, mark, dir, name];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  try {
    await untilUp(child, name);
    const init = await onlyChild(child);
    child.unref();
    return init;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

async function untilUp(child: ChildProcess, name: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('close', () => reject(new Error(`host ${name} cannot start (are you root?): ${said.trim()}`)));
  });
}

/** The process that `unshare --fork` or `nsenter --pid` started and waits for. */
export async function onlyChild(parent: ChildProcess): Promise<ProcessIdentity> {
  while (parent.exitCode === null && parent.signalCode === null) {
    const children = await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').catch(() => '');
    const identity = children === '' ? undefined : await identityOf(Number(children.trim().split(' ')[0]));
    if (identity !== undefined) return identity;
    await pause(2);
  }
  throw new Error(`process ${parent.pid} ended at once`);
}

/** Ends hosts and waits for all that lived in them. */
export async function endHosts(inits: readonly ProcessIdentity[]): Promise<void> {
  await Promise.all(inits.map((init) => signal(init, 'SIGKILL')));
  await Promise.all(inits.map((init) => untilGone(init)));
}

/** First processes of all hosts of a lab, found without its record; `unshare` itself and a shell in the middle of its start as well. */
export function findHosts(dir: string): Promise<ProcessIdentity[]> {
  return findProcesses((args) => args.includes(mark) && args[args.indexOf(mark) + 1] === dir);
}

/** Prefix of a command that is to run inside a host. */
export function enter(init: ProcessIdentity): string[] {
  return ['nsenter', '--target', String(init.pid), '--net', '--mount', '--pid', '--uts', '--ipc', '--'];
}

/** Prefix of a command that only uses a host's network. It sees the pids of this machine. */
export function enterNetwork(init: ProcessIdentity): string[] {
  return ['nsenter', '--target', String(init.pid), '--net', '--'];
}

/** What programs in a host see of this program's environment. */
export function baseEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'OAK_TOOLS_DIR', 'NATS_SERVER'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

export interface Outcome {
  /** 128 and the signal's number for a command that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a command in a host to its end; a failed command is an outcome, not an error. @throws Error after `timeoutMs`, when it has been killed with its children */
export async function execIn(init: ProcessIdentity, argv: readonly string[], { env = {}, input = '', timeoutMs = 60_000 }: ExecOptions = {}): Promise<Outcome> {
  // The limit stands inside the host: killing nsenter would leave the command alone.
  const [command = '', ...args] = [...enter(init), 'timeout', '--signal=KILL', String(timeoutMs / 1000), ...argv];
  const start = performance.now();
  const run = await execa(command, args, { env: { ...baseEnvironment(), ...env }, extendEnv: false, input, reject: false });
  if (run.signal === 'SIGKILL' && performance.now() - start >= timeoutMs) throw new Error(`${argv.join(' ')}: no end after ${timeoutMs} ms\n${run.stderr}`);
  return { exitCode: run.exitCode ?? 128 + signalNumber(run.signal), stdout: run.stdout, stderr: run.stderr };
}

/** As shells count it. */
const signalNumber = (name: string | undefined): number => (name === undefined ? 0 : constants.signals[name as NodeJS.Signals]);

/** Starts a program in a host that outlives this process. */
export async function spawnIn(init: ProcessIdentity, argv: readonly string[], env: Readonly<Record<string, string>>, log: number): Promise<ProcessIdentity> {
  const [command = '', ...args] = [...enter(init), ...argv];
  const child = spawn(command, args, { env: { ...baseEnvironment(), ...env }, stdio: ['ignore', log, log], detached: true });
  child.on('error', () => undefined); // told by onlyChild: the process ended at once
  const identity = await onlyChild(child);
  child.unref();
  return identity;
}
