import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Program, RuntimeSubject, Step, TestImages } from '@oak/runtime/testing';
import { createContainerdRuntimes, type ContainerdRuntimes } from '../create-containerd-runtimes.ts';
import { readHandlers } from '../detect/read-handlers.ts';
import { routesOf } from '../detect/routes.ts';
import { ContainersDefinition } from '../gen/containers.ts';
import { LeasesDefinition } from '../gen/leases.ts';
import { SnapshotKind } from '../gen/messages.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import { type PrivateContainerd, startContainerd } from './private-containerd.ts';
import { buildTestImage, busyboxLayer } from './test-image.ts';
import { TestRegistry } from './test-registry.ts';

const exec = promisify(execFile);

/** One private containerd with a registry and test images, on which runtimes are tried. */
export interface ContainerdBench {
  readonly containerd: PrivateContainerd;
  readonly runtimes: ContainerdRuntimes;
  readonly images: TestImages;
  readonly dir: string;
  readonly cgroupParent: string;
  /** Another engine of the same node: same containerd, same folders. */
  engine(options?: { readonly allowPrivileged?: boolean }): ContainerdRuntimes;
  subject(handler: string): Promise<RuntimeSubject>;
  close(): Promise<void>;
}

let benches = 0;

export async function openContainerdBench(version: '1.6' | '2.3'): Promise<ContainerdBench> {
  const undo: (() => Promise<unknown> | void)[] = [];
  const close = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), 'oak-bench-'));
    undo.push(() => rm(dir, { recursive: true, force: true }));
    const cgroupParent = `/oak-bench-${process.pid}-${benches++}`;
    const containerd = await startContainerd({ version, dir: join(dir, 'containerd'), cgroupParent });
    undo.push(() => containerd.stop());
    const registry = await TestRegistry.start();
    undo.push(() => registry.close());
    const images = await pushImages(registry);
    await mkdir(join(dir, 'volume'));
    await writeFile(join(dir, 'volume', 'greeting'), 'from the host\n');
    const engine = ({ allowPrivileged = true } = {}) => {
      const made = createContainerdRuntimes({
        socket: containerd.socket, namespace: 'oak', stateDir: join(dir, 'state'), logDir: join(dir, 'logs'), cgroupParent, allowPrivileged, registries: {},
      });
      undo.push(() => made.close());
      return made;
    };
    await mkdir(join(dir, 'logs'));
    const runtimes = engine();
    const strict = engine({ allowPrivileged: false });
    const subject = (handler: string) => makeSubject({ handler, dir, containerd, runtimes, strict, images });
    return { containerd, runtimes, images, dir, cgroupParent, engine, subject, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The route that a probe would choose here: gVisor's runsc below the shim of runc. */
export function routeFor(containerd: PrivateContainerd, handler: string) {
  const { handlers } = readHandlers(containerd.configPath);
  const configured = handlers.find(({ name }) => name === handler);
  const route = configured && routesOf(configured, join(containerd.dir, 'runtimes')).at(-1);
  if (!route) throw new Error(`handler ${handler} is not in ${containerd.configPath}`);
  return route;
}

interface Parts {
  readonly handler: string;
  readonly dir: string;
  readonly containerd: PrivateContainerd;
  readonly runtimes: ContainerdRuntimes;
  readonly strict: ContainerdRuntimes;
  readonly images: TestImages;
}

async function makeSubject({ handler, dir, containerd, runtimes, strict, images }: Parts): Promise<RuntimeSubject> {
  const route = routeFor(containerd, handler);
  const runtime = runtimes.runtimeFor(handler, route);
  for (const image of [images.plain, images.user, images.defaults, images.directory]) {
    await runtime.prepare({ ...aName, image, command: [], environment: [], hostname: 'x', limits: { vcpus: 0, memoryMiB: 0 }, privileged: false, mounts: [], labels: {} }, AbortSignal.timeout(30_000));
  }
  return {
    runtime, images, strict: strict.runtimeFor(handler, route), volume: join(dir, 'volume'),
    command: (program) => ['/bin/sh', '-c', shellScript(program)],
    missingCommand: ['/no/such/program', 'with', 'arguments'],
    attach: networkNamespace,
    leftovers: () => leftovers(runtimes, dir),
    close: () => Promise.resolve(),
  };
}

const aName = { id: '0'.repeat(24), name: 'images of the suite' };
let networks = 0;

/** An empty network namespace with a name. */
export async function networkNamespace() {
  const name = `oak-suite-${process.pid}-${networks++}`;
  await exec('ip', ['netns', 'add', name]);
  const attachment = { netnsPath: `/run/netns/${name}`, hosts: [], nameservers: [], searchDomains: [] };
  return { attachment, detach: async () => void (await exec('ip', ['netns', 'del', name])) };
}

async function pushImages(registry: TestRegistry): Promise<TestImages> {
  const busybox = await busyboxLayer();
  const people = {
    ...busybox, 'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nguest:x:1234:1235::/:/bin/sh\n', 'etc/group': 'root:x:0:\nguest:x:1235:\n', 'srv/app/': '',
  };
  const push = async (name: string, config: object) => registry.push(`suite/${name}`, '1', await buildTestImage({ layers: [people], config: { ...config } })).reference;
  const defaults = { Entrypoint: ['/bin/sh', '-c'], Cmd: ['echo hello from the image; env'], Env: ['GREETING=hello', 'COLOUR=red'] };
  return {
    plain: await push('plain', {}), user: await push('user', { User: 'guest' }), defaults: await push('defaults', defaults),
    directory: await push('directory', { WorkingDir: '/srv/app' }), missing: `${registry.host}/suite/missing:1`,
  };
}

/** Everything in our namespace and folders that belongs to a workload. */
async function leftovers({ client }: ContainerdRuntimes, dir: string): Promise<string[]> {
  const { containers } = await client.call(ContainersDefinition, 'list', {});
  const { tasks } = await client.call(TasksDefinition, 'list', {});
  const { leases } = await client.call(LeasesDefinition, 'list', {});
  const snapshots: string[] = [];
  for await (const { info } of client.stream(SnapshotsDefinition, 'list', { snapshotter: 'overlayfs' })) {
    snapshots.push(...info.filter(({ kind }) => kind !== SnapshotKind.SNAPSHOT_COMMITTED).map(({ name }) => name));
  }
  return [
    ...containers.map(({ id }) => `container ${id}`), ...tasks.map(({ id }) => `task ${id}`), ...leases.map(({ id }) => `lease ${id}`),
    ...snapshots.map((name) => `snapshot ${name}`), ...(await readdir(join(dir, 'state', 'containers'))).map((name) => `files ${name}`),
    ...(await readdir(join(dir, 'logs'))).map((name) => `logs ${name}`),
  ];
}

/** The program in the words of busybox's shell. As the first process it would ignore SIGTERM, so it asks for it. */
export function shellScript(program: Program): string {
  return [`trap 'exit 143' TERM`, ...program.map(lineOf), 'exit 0'].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function lineOf(step: Step): string {
  if ('say' in step) return `echo ${quoted(step.say)}${step.to === 'stderr' ? ' >&2' : ''}`;
  if ('show' in step) return shown[step.show];
  if ('count' in step) return `echo line >> ${quoted(step.count)}; wc -l < ${quoted(step.count)}`;
  if ('read' in step) return `cat ${quoted(step.read)} 2>/dev/null || echo unreadable`;
  if ('write' in step) return `if (echo text > ${quoted(step.write)}) 2>/dev/null; then echo written; else echo refused; fi`;
  if ('ignoreTerm' in step) return `trap '' TERM`;
  if ('sleepMs' in step) return `sleep ${step.sleepMs / 1000} & wait $!`;
  if ('eatMemoryMiB' in step) return `dd if=/dev/zero of=/dev/null bs=${step.eatMemoryMiB}M count=1 2>/dev/null || exit $?`;
  if ('exit' in step) return `exit ${step.exit}`;
  return 'while :; do sleep 1000 & wait $!; done';
}

/** The 14 of custom. gVisor takes CAP_NET_RAW away on top, so less is as good. */
const defaultMask = '0xa80425fb';
const shown = {
  environment: 'env',
  user: 'echo "$(id -u):$(id -g)"',
  hostname: 'hostname',
  hosts: 'cat /etc/hosts',
  nameservers: `sed -n 's/^nameserver //p' /etc/resolv.conf`,
  directory: 'pwd',
  capabilities: `mask=0x$(sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status); if [ $((mask & ~${defaultMask})) = 0 ]; then echo default; elif [ $((mask >> 21 & 1)) = 1 ]; then echo all; else echo $mask; fi`,
} as const;
