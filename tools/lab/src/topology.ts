import type { HostRole } from './lab-record.ts';
import { network } from './wires.ts';

export const appNames = ['root-orchestrator', 'cluster-orchestrator', 'net-manager', 'node-engine'] as const;
export type AppName = (typeof appNames)[number];

/** What one node offers. */
export interface NodeOptions {
  /** Handlers in its containerd's configuration; default runc, crun and runsc. */
  readonly runtimes?: readonly string[];
  /** Default 1.6, the distribution's. */
  readonly containerd?: '1.6' | '2.3';
  /** Default 4. */
  readonly vcpus?: number;
  /** Default 4096. */
  readonly memoryMiB?: number;
  readonly allowPrivileged?: boolean;
  /** Puts the images and containers of this node on a disk of this size of their own, in memory, which a power cut loses. Default: on the host's disk. */
  readonly containerdDiskMiB?: number;
}

export interface LabOptions {
  /** Absent or empty folder of at most 60 characters; default a new one in the temporary folder. */
  readonly dir?: string;
  /** Default 1, at most 200. */
  readonly clusters?: number;
  /** In each cluster; default 1, at most 200. */
  readonly nodes?: number;
  /** Folder with `<app>/dist/main.js`: another checkout's apps, to compare or to upgrade; default this one's. */
  readonly apps?: string;
  /** Apps that are not started: to run one by hand, or to have hosts alone. */
  readonly without?: readonly AppName[];
  /** Called with the node's name, e.g. `c1n2`. */
  readonly node?: (name: string) => NodeOptions;
  /** Added to the environment of every process of an app. */
  readonly env?: Readonly<Partial<Record<AppName, Readonly<Record<string, string>>>>>;
  /** A registry with the images of the fixtures, as mirror of docker.io; default true. */
  readonly registry?: boolean;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
  /** From the start of a program until it serves; default 60,000. */
  readonly deadlineMs?: number;
}

export interface PlannedHost {
  readonly name: string;
  readonly role: HostRole;
  readonly address: string;
}
export interface PlannedCluster extends PlannedHost {
  readonly nodes: readonly PlannedHost[];
}
export interface Topology {
  readonly root: PlannedHost;
  readonly clusters: readonly PlannedCluster[];
}

const most = 200;

/** Names and addresses: root is 10.200.0.2, cluster 3 is `c3` at 10.200.3.1, its second node `c3n2` at 10.200.3.3. */
export function planTopology({ clusters = 1, nodes = 1 }: Pick<LabOptions, 'clusters' | 'nodes'>): Topology {
  for (const [name, count] of [['clusters', clusters], ['nodes', nodes]] as const) {
    if (!Number.isInteger(count) || count < 0 || count > most) throw new Error(`${name}: ${count} is not a whole number from 0 to ${most}`);
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  return {
    root: { name: 'root', role: 'root', address: `${network.prefix}.0.2` },
    clusters: upTo(clusters).map((cluster) => ({
      name: `c${cluster}`, role: 'cluster', address: `${network.prefix}.${cluster}.1`,
      nodes: upTo(nodes).map((node) => ({ name: `c${cluster}n${node}`, role: 'node', address: `${network.prefix}.${cluster}.${node + 1}` })),
    })),
  };
}
