import { testHandlers } from '@oak/runtime-containerd/testing';
import type { NodeOptions } from './topology.ts';

export interface NodeFolders {
  /** Survives a power cut. */
  readonly dir: string;
  readonly cgroupParent: string;
  readonly registryUrl?: string | undefined;
}

/** State goes to the host's own /run, which a power cut empties as it does on a real machine. */
export function containerdFile(dir: string, runtimes: readonly string[] = Object.keys(testHandlers)): string {
  const handlers = runtimes.map((name) => {
    const handler = testHandlers[name];
    if (handler === undefined) throw new Error(`the lab knows no runtime ${name}; it knows ${Object.keys(testHandlers).join(', ')}`);
    const options = Object.entries(handler.options ?? {}).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    const section = `plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${name}`;
    return [`[${section}]`, `runtime_type = "${handler.runtimeType}"`, `[${section}.options]`, ...options].join('\n');
  });
  return `version = 2
root = "${dir}/containerd"
state = "/run/oak-containerd"
# A gRPC client reads the handlers below itself; the plugins that serve Kubernetes are not needed.
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
address = "${dir}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "${dir}/opt"
[plugins."io.containerd.nri.v1.nri"]
disable = true
${handlers.join('\n')}
`;
}

/** The node's own configuration file. */
export function nodeFile({ cgroupParent, registryUrl }: NodeFolders, { vcpus = 4, memoryMiB = 4096, allowPrivileged = false }: NodeOptions): string {
  return `cgroup_parent = "${cgroupParent}"
allow_privileged = ${allowPrivileged}
[capacity]
vcpus = ${vcpus}
memory_mib = ${memoryMiB}
${registryUrl === undefined ? '' : `[registries."docker.io"]\nmirrors = ["${registryUrl}"]\n`}`;
}
