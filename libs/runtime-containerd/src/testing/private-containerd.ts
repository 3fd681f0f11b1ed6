import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { containerdConfig, type HandlerConfig } from './containerd-config.ts';
import { allPids, argumentsOf, cgroupsOf, isAlive, killNow, mountNamespaceOf, withDescendants } from './proc.ts';
import { pidsBelow, removeCgroup } from './remove-cgroup.ts';

export interface ContainerdOptions {
  /** `1.6` is the distribution's in /usr/bin, `2.3` the one that `npm run setup` puts into the tools folder. */
  readonly version: '1.6' | '2.3';
  /** Everything of this daemon lives below; made when absent, never deleted here. */
  readonly dir: string;
  /** Default: the runc, crun and runsc that tests need. */
  readonly handlers?: Readonly<Record<string, HandlerConfig>>;
  readonly defaultHandler?: string;
  /** TOML appended to the configuration. */
  readonly extraConfig?: string;
  /** Path of the network namespace that the daemon runs in. */
  readonly netns?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Looked through before all others for runtimes and shims. */
  readonly binDirs?: readonly string[];
  /** A cgroup below which all containers are, e.g. `/oak-test-1`; `stop` deletes it. */
  readonly cgroupParent?: string;
  /** Outlives this process. Default: dies with it. */
  readonly detached?: boolean;
}

export interface PrivateContainerd {
  readonly dir: string;
  readonly socket: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly pid: number;
  /** Pid of the process that keeps the mount namespace; snapshots and root file systems are mounted there only. */
  readonly mountsPid: number;
  /** SIGKILL for the daemon alone: shims and containers go on. */
  kill(): Promise<void>;
  /** After `kill`: the same daemon over the same folders and mounts. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Ends the daemon, its shims and containers, its mounts and cgroups. */
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;
const netnsDir = '/run/netns';

export const toolsDir = (): string => process.env['OAK_TOOLS_DIR'] ?? join(homedir(), '.cache/oakestra/bin');

const daemonDirs = { '1.6': () => '/usr/bin', '2.3': () => join(toolsDir(), 'containerd-2.3.4') } as const;

export const testHandlers: Readonly<Record<string, HandlerConfig>> = {
  runc: { runtimeType: 'io.containerd.runc.v2' },
  crun: { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: 'crun' } },
  runsc: { runtimeType: 'io.containerd.runsc.v1' },
};

async function executable(path: string): Promise<string> {
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new Error(`${path} is missing or not executable: run \`npm run setup\``, { cause });
  });
  return path;
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}: ${errors}`))));
  });
}

/** Named network namespaces made later must show up in the daemon's mounts, so their folder has to be a shared mount before. */
async function shareNetworkNamespaces(): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  if (mounts.split('\n').some((line) => line.split(' ')[4] === netnsDir)) return;
  const name = `oak-share-${process.pid}`;
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['netns', 'del', name]);
}

const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => (child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve())));

const bound = (detached: boolean | undefined): string[] => (detached === true ? [] : ['setpriv', '--pdeathsig', 'KILL', '--']);

/**
 * One mount namespace for all lives of the daemon. In it crun meets no hybrid hierarchy, and the shims' fixed socket folder is private.
 */
async function holdMounts(options: ContainerdOptions): Promise<ChildProcess> {
  const script = `
    if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
    mkdir -p /run/containerd && mount --bind "$1" /run/containerd || exit 1
    echo ready; exec sleep infinity`;
  const [command = '', ...args] = [
    ...bound(options.detached), 'unshare', '--mount', '--propagation', 'slave', '--', 'sh', '-c', script, 'sh', join(options.dir, 'run'),
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: options.detached === true });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  const ended = exitOf(child).then(() => Promise.reject(new Error(`no mount namespace for containerd: ${errors}`)));
  await Promise.race([ready, ended]);
  ended.catch(() => undefined);
  child.unref();
  child.stdout.destroy();
  child.stderr.destroy();
  return child;
}

/** True when something speaks HTTP/2 on the socket: containerd does once its plugins are loaded. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connectHttp2('http://containerd', { createConnection: () => connect(socket) });
    const settle = (up: boolean) => {
      session.destroy();
      resolve(up);
    };
    session.once('remoteSettings', () => settle(true));
    session.once('error', () => settle(false));
    session.setTimeout(1000, () => settle(false));
  });
}

async function launch(options: ContainerdOptions, path: string, mountsPid: number, files: { config: string; log: string; socket: string }): Promise<ChildProcess> {
  const binary = await executable(join(daemonDirs[options.version](), 'containerd'));
  const log = await open(files.log, 'a');
  const [command = '', ...args] = [
    ...bound(options.detached), 'nsenter', `--mount=/proc/${mountsPid}/ns/mnt`, ...(options.netns === undefined ? [] : [`--net=${options.netns}`]),
    '--', binary, '-c', files.config,
  ];
  const env = { ...process.env, ...options.env, PATH: path };
  const child = spawn(command, args, { stdio: ['ignore', log.fd, log.fd], env, detached: options.detached === true });
  await log.close();
  child.unref();
  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(files.socket))) {
    const dead = child.exitCode !== null || child.signalCode !== null;
    if (dead || Date.now() > deadline) {
      child.kill('SIGKILL');
      const tail = (await readFile(files.log, 'utf8')).split('\n').slice(-15).join('\n');
      throw new Error(`containerd ${options.version} ${dead ? 'ended at once' : 'did not answer'} (${files.log}):\n${tail}`);
    }
    await pause(20);
  }
  return child;
}

/** First processes of containers, read from their bundles; the cgroup proves that the id was not given to another process since. */
async function initPids(stateDir: string): Promise<number[]> {
  const tasks = join(stateDir, 'io.containerd.runtime.v2.task');
  const pids: number[] = [];
  for (const namespace of await readdir(tasks).catch(() => [])) {
    for (const id of await readdir(join(tasks, namespace)).catch(() => [])) {
      const pid = Number(await readFile(join(tasks, namespace, id, 'init.pid'), 'utf8').catch(() => ''));
      if (pid > 0 && (await cgroupsOf(pid)).includes(id)) pids.push(pid);
    }
  }
  return pids;
}

/** Shims by their `-address`, whoever lives in the daemon's mounts, containers whose shim is gone by their bundle, and all descendants. */
async function familyOf(options: ContainerdOptions, socket: string, mountsPid: number): Promise<number[]> {
  const mounts = await mountNamespaceOf(mountsPid);
  const isShim = (args: string[]) => (args[0] ?? '').includes('containerd-shim') && args.includes(socket);
  const belongs = async (pid: number) =>
    pid !== mountsPid && (isShim(await argumentsOf(pid)) || (mounts !== undefined && (await mountNamespaceOf(pid)) === mounts));
  const pids = await allPids();
  const own = await Promise.all(pids.map(belongs));
  const inits = await initPids(join(options.dir, 'state'));
  const below = options.cgroupParent === undefined ? [] : await pidsBelow(options.cgroupParent);
  const family = await withDescendants([...pids.filter((_pid, index) => own[index]), ...inits, ...below]);
  const alive = await Promise.all(family.map(isAlive));
  return family.filter((pid, index) => alive[index] && pid !== process.pid);
}

/** A containerd of one's own: no file, socket, mount, cgroup or process is shared with the machine's. Needs root. */
export async function startContainerd(options: ContainerdOptions): Promise<PrivateContainerd> {
  const files = { config: join(options.dir, 'config.toml'), log: join(options.dir, 'containerd.log'), socket: join(options.dir, 'containerd.sock') };
  const binDirs = [...(options.binDirs ?? []), daemonDirs[options.version](), toolsDir()];
  const path = [...binDirs, process.env['PATH'] ?? ''].join(':');
  await mkdir(join(options.dir, 'run'), { recursive: true });
  const config = containerdConfig({
    dir: options.dir, socket: files.socket, handlers: options.handlers ?? testHandlers,
    ...(options.defaultHandler === undefined ? {} : { defaultHandler: options.defaultHandler }),
  });
  await writeFile(files.config, `${config}\n${options.extraConfig ?? ''}`);
  await shareNetworkNamespaces();
  const holder = await holdMounts(options);
  const mountsPid = holder.pid ?? 0;
  let daemon: ChildProcess | undefined;

  const kill = async () => {
    if (daemon === undefined) return;
    daemon.kill('SIGKILL');
    await exitOf(daemon);
    daemon = undefined;
  };
  const start = async () => {
    daemon ??= await launch(options, path, mountsPid, files);
  };
  const stop = async () => {
    await kill();
    for (let family = await familyOf(options, files.socket, mountsPid); family.length > 0; family = await familyOf(options, files.socket, mountsPid)) {
      for (const pid of family) killNow(pid);
      while ((await Promise.all(family.map(isAlive))).some(Boolean)) await pause(10);
    }
    holder.kill('SIGKILL');
    await exitOf(holder);
    if (options.cgroupParent !== undefined) await removeCgroup(options.cgroupParent);
    await rm(files.socket, { force: true });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    dir: options.dir, socket: files.socket, configPath: files.config, logPath: files.log, mountsPid,
    get pid() {
      return daemon?.pid ?? 0;
    },
    kill, start, stop,
    restart: async () => {
      await kill();
      await start();
    },
  };
}
