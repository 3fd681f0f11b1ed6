import { readFileSync } from 'node:fs';
import { defaultStateDir, millisecondsSchema } from '@oak/process';
import { parse } from 'smol-toml';
import { z } from 'zod';

export const configSchema = z.object({
  /** The bus of the cluster, e.g. `nats://cluster.example:4223`. */
  OAK_CLUSTER_BUS: z.string().default('nats://127.0.0.1:4223'),
  /** Credentials as `cluster-orchestrator credentials node NAME` prints them; they say which cluster and node this is. */
  OAK_CLUSTER_CREDENTIALS: z.string('expected the path of this node\'s credentials'),
  OAK_CONTAINERD_SOCKET: z.string().default('/run/containerd/containerd.sock'),
  OAK_CONTAINERD_CONFIG: z.string().default('/etc/containerd/config.toml'),
  OAK_CONTAINERD_NAMESPACE: z.string().default('oakestra'),
  /** What boots unikernels: `auto` takes kraft where that boots a guest, else QEMU by ourselves; `off`: this node has none. */
  OAK_UNIKERNEL_DRIVER: z.enum(['auto', 'kraft', 'qemu', 'off']).default('auto'),
  OAK_NET_SOCKET: z.string().default('/run/oakestra/net.sock'),
  OAK_STATE_DIR: z.string().default(defaultStateDir('node-engine')),
  /** The node's own file, TOML. */
  OAK_NODE_CONFIG: z.string().default('/etc/oakestra/node.toml'),
  /** Where other machines reach this one. Default: the address from which packets to the cluster leave. */
  OAK_NODE_ADDRESS: z.string().optional(),
  /** From withdrawal to SIGTERM: calls that are under way end, new ones go to other instances. */
  OAK_DRAIN_MS: millisecondsSchema.prefault('1000'),
  /** From SIGTERM to SIGKILL. */
  OAK_STOP_GRACE_MS: millisecondsSchema.prefault('10000'),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
});
export type Config = z.infer<typeof configSchema>;

const registrySchema = z.strictObject({
  /** Asked in this order before the registry itself. */
  mirrors: z.array(z.url()).optional(),
  ca_file: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  plain_http: z.boolean().optional(),
});

/** The node's file. Unknown keys are faults: a misspelt `allow_privileged` must not pass in silence. */
const nodeFileSchema = z.strictObject({
  /** What of the machine Oakestra may give away; default all of it. */
  capacity: z.strictObject({ vcpus: z.number().positive().optional(), memory_mib: z.int().positive().optional(), storage_mib: z.int().positive().optional() }).default({}),
  labels: z.record(z.string(), z.string()).default({}),
  cgroup_parent: z.string().startsWith('/').default('/oakestra'),
  allow_privileged: z.boolean().default(false),
  /** How often all runtimes are probed again. */
  probe_period_s: z.int().positive().default(600),
  registries: z.record(z.string(), registrySchema).default({}),
  /** Until a registry or mirror that does not answer is given up for now. */
  registry_connect_timeout_s: z.number().min(0.1).max(300).default(5),
  unikernels: z.strictObject({
    /** Name or path of the program. */
    qemu: z.string().min(1).default('qemu-system-x86_64'),
    /** Name or path of kraft, where unikernels are run through it. */
    kraft: z.string().min(1).default('kraft'),
    /** Where KVM does not run guests, QEMU can emulate: every kernel runs, at a tenth of the speed. */
    allow_emulation: z.boolean().default(true),
    /** For those that ask for none. */
    memory_mib: z.int().min(4).default(64),
    /** More is refused. */
    max_memory_mib: z.int().min(4).optional(),
    /** Of one kernel, fetched or unpacked. */
    max_kernel_mib: z.int().min(1).default(1024),
    /** Of all kernels; those not used lately go first. */
    cache_mib: z.int().min(1).default(4096),
    /** Folders of this node whose files may be booted. */
    local_dirs: z.array(z.string().startsWith('/')).default([]),
  }).prefault({}),
  /** Each of a workload's two streams keeps `files` pieces of `max_mib` beside the one that is written. */
  logs: z.strictObject({ max_mib: z.int().min(1).max(1024).default(10), files: z.int().min(1).max(100).default(3) }).prefault({}),
});
export type NodeFile = z.infer<typeof nodeFileSchema>;

/** No file means all defaults. @throws Error that names file and keys */
export function readNodeFile(path: string): NodeFile {
  const text = readIfThere(path);
  const parsed = nodeFileSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`${path}: ${parsed.error.issues.map((issue) => `${z.core.toDotPath(issue.path)}: ${issue.message}`).join('; ')}`);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

