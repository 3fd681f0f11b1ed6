import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Turns } from '@oak/runtime';
import { ContainerdClient } from './client/containerd-client.ts';
import { ContainerdRuntime, type SharedContainerd } from './containerd-runtime.ts';
import { ImageStore } from './images/image-store.ts';
import { Exits } from './lifecycle/exits.ts';
import { Listing } from './lifecycle/listing.ts';
import { machineOptions } from './lifecycle/machine.ts';
import type { Route } from './lifecycle/route.ts';
import { TaskEvents } from './lifecycle/task-events.ts';
import { Tasks } from './lifecycle/tasks.ts';
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
  /** Until a registry or mirror that does not answer is given up; default 5,000. */
  readonly registryConnectMs?: number;
}

export interface ContainerdRuntimes {
  readonly client: ContainerdClient;
  readonly images: ImageStore;
  runtimeFor(virtualization: string, route: Route, version?: string): ContainerdRuntime;
  close(): Promise<void>;
}

/** The runtimes of one containerd: one connection, one image store, one listing and one event stream for all of its handlers. Connects with the first call. */
export function createContainerdRuntimes({ socket, namespace, registries, registryConnectMs, cgroupParent, ...options }: ContainerdRuntimesOptions): ContainerdRuntimes {
  const client = ContainerdClient.connect({ socket, namespace });
  const images = new ImageStore({ client, registries, registryOptions: registryConnectMs === undefined ? {} : { timeouts: { connectMs: registryConnectMs } } });
  const tasks = new Tasks(client);
  const shared: SharedContainerd = {
    ...options, client, images, platform: platformOf(process.arch), machine: { ...machineOptions(), cgroupParent }, starting: new Set(), turns: new Turns(),
    tasks, exits: new Exits(client), events: new TaskEvents(client), listing: new Listing(client, tasks),
  };
  // Workloads of other users read the files below.
  mkdirSync(join(options.stateDir, 'containers'), { recursive: true, mode: 0o755 });
  return {
    client, images,
    runtimeFor: (virtualization, route, version) => new ContainerdRuntime({ virtualization, route, version }, shared),
    close: async () => {
      await images.close();
      client.close();
    },
  };
}
