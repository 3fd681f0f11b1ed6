import type { Resources } from '@oak/contracts';
import type { HostPort } from './demand.ts';

export interface TakenPort extends HostPort {
  /** Who holds it, for people. */
  readonly by: string;
}

export interface RuntimeState {
  /** There and its probe works. */
  readonly available: boolean;
  /** Why it is not available. */
  readonly reason?: string;
  /** Takes privileged workloads: the node's operator allows them, and the runtime can. Absent: no. */
  readonly allowsPrivileged?: boolean;
}

/** What fits on single members of a cluster. */
export interface Fit {
  readonly virtualization: string;
  readonly arch: string;
  /** The largest; one that covers the demand is enough. */
  readonly shapes: readonly Resources[];
  /** These members take privileged workloads. Absent: no. */
  readonly allowsPrivileged?: boolean | undefined;
}

/** Who may take an instance: a cluster at root, a node in a cluster. Plain and JSON-serialisable. */
export interface Candidate {
  /** Unique; equal scores are decided by it, smallest first. */
  readonly id: string;
  /** What descriptors pin to. */
  readonly name: string;
  readonly archs: readonly string[];
  /** By virtualization, under the names that descriptors use. */
  readonly runtimes: Readonly<Record<string, RuntimeState>>;
  readonly total: Resources;
  /** What is not reserved. */
  readonly free: Resources;
  /** Clusters only: then this, not `free`, decides what fits, since a sum over nodes would promise what none can hold. */
  readonly fits?: readonly Fit[];
  readonly csiDrivers: readonly string[];
  readonly addons: readonly string[];
  readonly hostPorts: readonly TakenPort[];
  readonly cordoned: boolean;
  /** Not heard for too long to be trusted with something new. */
  readonly stale: boolean;
  /** How many instances of each microservice run here, by `spreadKey`. */
  readonly hosts: Readonly<Record<string, number>>;
}
