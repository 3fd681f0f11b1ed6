import type { Any } from '../gen/google/protobuf/any.ts';

/** One way to launch a handler: what containerd is told. */
export interface Route {
  /** e.g. `io.containerd.runc.v2`. */
  readonly runtimeType: string;
  readonly options: Any | undefined;
  /** For people: recorded with the node and shown. */
  readonly label: string;
  /** Programs that must be on the daemon's PATH: the shim, and the runtime's own binary where it is known. */
  readonly requires: readonly string[];
  /** The one of them that is the runtime itself, where it is known: its version counts. */
  readonly binary: string | undefined;
  /** A kernel of its own: no seccomp filter, no pids limit, memory beside the workload's. */
  readonly sandboxed: boolean;
  /** What the shim wants to find in the OCI spec. */
  readonly annotations?: Readonly<Record<string, string>>;
}
