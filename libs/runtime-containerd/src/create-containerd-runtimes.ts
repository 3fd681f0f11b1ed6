import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerdClient } from './client/containerd-client.ts';
import { ContainerdRuntime } from './containerd-runtime.ts';
import { ImageStore } from './images/image-store.ts';
import { machineOptions } from './lifecycle/machine.ts';
import type { Route } from './lifecycle/route.ts';
import { platformOf } from './registry/platform.ts';
import type { RegistryConfigs } from './registry/registry-config.ts';

export interface ContainerdRuntimesOptions {
  readonly socket: string;
  readonly namespace: string;
  readonly stateDir: string;
  readonly logDir: string;
  /** Cgroup below which all workloads are, e.g. `/oakestra`. */
  readonly cgroupParent: string;
  readonly allowPrivileged: boolean;
  readonly registries: RegistryConfigs;
}

export interface ContainerdRuntimes {
  readonly client: ContainerdClient;
  readonly images: ImageStore;
  runtimeFor(virtualization: string, route: Route, version?: string): ContainerdRuntime;
  close(): Promise<void>;
}

/** The runtimes of one containerd: one connection and one image store for all of its handlers. Connects with the first call. */
export function createContainerdRuntimes({ socket, namespace, stateDir, logDir, cgroupParent, allowPrivileged, registries }: ContainerdRuntimesOptions): ContainerdRuntimes {
  const client = ContainerdClient.connect({ socket, namespace });
  const images = new ImageStore({ client, registries });
  const machine = { ...machineOptions(), cgroupParent };
  // Workloads of other users read the files below.
  mkdirSync(join(stateDir, 'containers'), { recursive: true, mode: 0o755 });
  return {
    client, images,
    runtimeFor: (virtualization, route, version) => new ContainerdRuntime({ virtualization, route, version, client, images, platform: platformOf(process.arch), machine, stateDir, logDir, allowPrivileged }),
    close: async () => { await images.close(); client.close(); },
  };
}
