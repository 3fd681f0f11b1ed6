import { type Attachment, type Mount, RuntimeError, type Workload } from '@oak/runtime';
import { defaultCapabilities } from './capabilities.ts';
import type { OciDevice, OciMount, OciProcess, OciSpec, OciUser } from './oci-types.ts';
import { resources, type ResourceOptions } from './resources.ts';
import { type Architecture, seccompProfile } from './seccomp.ts';

/** What an image wants by itself; fields of the OCI image configuration. */
export interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
}

/** What this node gives and allows. */
export interface NodeOptions extends ResourceOptions {
  readonly architecture: Architecture;
  /** All containers are below it, e.g. `/oakestra`. */
  readonly cgroupParent: string;
  readonly cgroupVersion: 1 | 2;
  /** False for runtimes that have a kernel of their own and ignore the filter. */
  readonly seccomp: boolean;
  readonly openFiles: { readonly soft: number; readonly hard: number };
  /** All that this machine can give away; used by privileged workloads. */
  readonly hostCapabilities: readonly string[];
  readonly hostDevices: readonly OciDevice[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SpecInput {
  readonly workload: Workload;
  readonly image: ImageDefaults;
  readonly user: OciUser;
  readonly attachment: Pick<Attachment, 'netnsPath'>;
  /** Folder with the files `hosts`, `hostname` and `resolv.conf` of this workload. */
  readonly filesDir: string;
  readonly node: NodeOptions;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const maskedPaths = [
  '/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list', '/proc/timer_stats',
  '/proc/interrupts', '/sys/devices/virtual/powercap', '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The whole of one container, as data. Needs no daemon, no clock and no files. */
export function ociSpec(input: SpecInput): OciSpec {
  const { workload, attachment, node } = input;
  const { privileged } = workload;
  const namespaces = ['pid', 'ipc', 'uts', 'mount', ...(node.cgroupVersion === 2 ? ['cgroup'] : [])].map((type) => ({ type }));
  return {
    // 1.0.2 on purpose: crun 1.8 refuses 1.2.
    ociVersion: '1.0.2',
    hostname: workload.hostname,
    root: { path: 'rootfs', readonly: false },
    process: processOf(input),
    mounts: [...systemMounts(privileged), ...namesMounts(input.filesDir), ...workload.mounts.map(volumeMount)],
    annotations: node.annotations,
    linux: {
      namespaces: [...namespaces, { type: 'network', path: attachment.netnsPath }],
      cgroupsPath: `${node.cgroupParent}/${workload.id}`,
      resources: resources(workload.limits, privileged, node),
      ...(privileged ? { devices: node.hostDevices } : {}),
      ...(privileged || !node.seccomp ? {} : { seccomp: seccompProfile(defaultCapabilities, node.architecture) }),
      maskedPaths: privileged ? [] : maskedPaths,
      readonlyPaths: privileged ? [] : readonlyPaths,
    },
  };
}

function processOf({ workload, image, user, node }: SpecInput): OciProcess {
  const capabilities = workload.privileged ? node.hostCapabilities : defaultCapabilities;
  return {
    terminal: false,
    user,
    args: commandLine(workload, image),
    env: environment([defaultPath, `HOSTNAME=${workload.hostname}`], image.env, workload.environment),
    cwd: image.workdir === '' ? '/' : image.workdir,
    // Inheritable stays empty: a program of another user must not gain what its parent had.
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: 'RLIMIT_NOFILE', ...node.openFiles }],
    noNewPrivileges: !workload.privileged,
    // The shim hides from the OOM killer; its children must not.
    oomScoreAdj: 0,
  };
}

/** A command of the workload replaces both the entrypoint and the command of the image. */
export function commandLine({ command, name, image: reference }: Pick<Workload, 'command' | 'name' | 'image'>, image: Pick<ImageDefaults, 'entrypoint' | 'cmd'>): readonly string[] {
  if (command.length > 0) return command;
  const args = [...image.entrypoint, ...image.cmd];
  if (args.length === 0) throw new RuntimeError('invalid', `${name}: image ${reference} has no command and the descriptor gives none (field cmd)`);
  return args;
}

/** Of several values for one name the last wins; the order of first appearance is kept. */
export function environment(...layers: readonly (readonly string[])[]): string[] {
  const nameOf = (entry: string) => entry.slice(0, entry.includes('=') ? entry.indexOf('=') : undefined);
  return [...new Map(layers.flat().map((entry) => [nameOf(entry), entry])).values()];
}

function systemMounts(privileged: boolean): OciMount[] {
  const system = (destination: string, type: string, ...options: string[]): OciMount => ({ destination, type, source: type, options });
  const access = privileged ? 'rw' : 'ro';
  return [
    system('/proc', 'proc', 'nosuid', 'noexec', 'nodev'),
    system('/dev', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
    system('/dev/pts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
    system('/dev/shm', 'tmpfs', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
    system('/dev/mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
    system('/sys', 'sysfs', 'nosuid', 'noexec', 'nodev', access),
    system('/sys/fs/cgroup', 'cgroup', 'nosuid', 'noexec', 'nodev', 'relatime', access),
  ];
}

function namesMounts(filesDir: string): OciMount[] {
  return ['hosts', 'hostname', 'resolv.conf'].map((name) => bind(`${filesDir}/${name}`, `/etc/${name}`, true));
}

const volumeMount = ({ source, target, readOnly }: Mount): OciMount => bind(source, target, readOnly);

const bind = (source: string, destination: string, readOnly: boolean): OciMount =>
  ({ destination, type: 'bind', source, options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'] });
