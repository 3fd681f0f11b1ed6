import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolsDir } from '@oak/runtime-containerd/testing';
import type { Program } from './lab.ts';
import type { AppName, NodeOptions, PlannedHost } from './topology.ts';

/** Root folder of the repository. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url));
/** The apps as they are bundled below a folder. */
export class Bundles {
  readonly #folder: string;

  constructor(folder = join(checkout, 'apps')) {
    this.#folder = folder;
  }

  argv(app: AppName, ...args: string[]): string[] {
    return [process.execPath, this.#path(app), ...args];
  }

  /** @throws Error when an app that is to run has not been built */
  async check(apps: readonly AppName[]): Promise<void> {
    for (const app of apps) {
      await access(this.#path(app)).catch((cause: unknown) => {
        throw new Error(`${this.#path(app)} is missing: run \`npm run build\``, { cause });
      });
    }
  }

  #path(app: AppName): string {
    return join(this.#folder, app, 'dist/main.js');
  }
}

const ports = { rest: 10_000, leaf: 7422, clusterRest: 10_100, clusterBus: 4223, registry: 5000 } as const;
export const restPort = ports.rest;
export const registryListen = `0.0.0.0:${ports.registry}`;
export const registryUrlOf = (root: PlannedHost): string => `http://${root.address}:${ports.registry}`;

const ready = (port: number) => ({ kind: 'http', url: `http://127.0.0.1:${port}/readyz` }) as const;

/** @param dir of the host, for all that it writes */
export function rootProgram(bundles: Bundles, dir: string, root: PlannedHost): Required<Program> {
  return {
    name: 'root-orchestrator', argv: bundles.argv('root-orchestrator'), ready: ready(ports.rest),
    env: { OAK_STATE_DIR: join(dir, 'root-orchestrator'), OAK_HTTP_LISTEN: `0.0.0.0:${ports.rest}`, OAK_LEAF_LISTEN: `${root.address}:${ports.leaf}` },
  };
}

export const adminCredentials = (dir: string): string => join(dir, 'root-orchestrator', 'admin-credentials.json');

export function clusterProgram(bundles: Bundles, dir: string, cluster: PlannedHost, root: PlannedHost, credentials: string): Required<Program> {
  return {
    name: 'cluster-orchestrator', argv: bundles.argv('cluster-orchestrator'), ready: ready(ports.clusterRest),
    env: {
      OAK_CLUSTER_NAME: cluster.name, OAK_CLUSTER_LOCATION: 'lab', OAK_STATE_DIR: join(dir, 'cluster-orchestrator'),
      OAK_HTTP_LISTEN: `127.0.0.1:${ports.clusterRest}`, OAK_BUS_LISTEN: `0.0.0.0:${ports.clusterBus}`,
      OAK_ROOT_LEAF_URL: `nats-leaf://${root.address}:${ports.leaf}`, OAK_ROOT_CREDENTIALS: credentials,
    },
  };
}

/** Each looks for runtimes and shims on its PATH, the tools folder first. */
export function containerdProgram(dir: string, { containerd = '1.6' }: NodeOptions): Program {
  const newer = join(toolsDir(), 'containerd-2.3.4');
  const binary = containerd === '2.3' ? join(newer, 'containerd') : '/usr/bin/containerd';
  const path = [...(containerd === '2.3' ? [newer] : []), toolsDir(), '/usr/local/sbin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');
  const argv = [binary, '--config', join(dir, 'containerd.toml')];
  return { name: 'containerd', argv, env: { PATH: path }, ready: { kind: 'socket', path: join(dir, 'containerd.sock') } };
}

/** The two processes of a node, net-manager first. */
export function nodePrograms(bundles: Bundles, dir: string, node: PlannedHost, cluster: PlannedHost, credentials: string): Program[] {
  const socket = join(dir, 'net.sock');
  const bus = { OAK_CLUSTER_BUS: `nats://${cluster.address}:${ports.clusterBus}`, OAK_CLUSTER_CREDENTIALS: credentials, OAK_NET_SOCKET: socket };
  return [
    {
      name: 'net-manager', argv: bundles.argv('net-manager'), ready: { kind: 'socket', path: socket },
      // All hosts of a lab share this machine's WireGuard sockets, so that it is nobody's by default.
      env: { ...bus, OAK_STATE_DIR: join(dir, 'net-manager'), OAK_BRIDGE: 'oak0', OAK_ENCRYPTION: 'off' },
    },
    {
      name: 'node-engine', argv: bundles.argv('node-engine'),
      env: {
        ...bus, OAK_STATE_DIR: join(dir, 'node-engine'), OAK_NODE_CONFIG: join(dir, 'node.toml'), OAK_NODE_ADDRESS: node.address,
        OAK_CONTAINERD_SOCKET: join(dir, 'containerd.sock'), OAK_CONTAINERD_CONFIG: join(dir, 'containerd.toml'),
        PATH: [toolsDir(), process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'].join(':'),
      },
    },
  ];
}
