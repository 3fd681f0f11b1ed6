import type { Capabilities } from './capabilities.ts';

/** What one instance needs from a runtime. Immutable: a change makes a new instance. */
export interface Workload {
  /** 24 lower-case hex characters: fixed length, so that no id is a prefix of another (runsc resolves prefixes). */
  readonly id: string;
  /** Name for people and logs, e.g. `shop.prod.web.prod.instance.0`. Not an identity. */
  readonly name: string;
  /** Image reference, as in the descriptor's `code`; an optional `@sha256:` digest is verified. */
  readonly image: string;
  /** Replaces entrypoint and command of the image. Empty: the image decides. */
  readonly command: readonly string[];
  /** `KEY=value`, laid over the image's own. */
  readonly environment: readonly string[];
  readonly hostname: string;
  readonly limits: Limits;
  /** All capabilities, host devices, no seccomp, no masked paths. A node refuses it unless its configuration allows it. */
  readonly privileged: boolean;
  readonly mounts: readonly Mount[];
  /** Kept with the workload by the runtime; they are the node's memory after a restart. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Limits {
  /** CPU time per second, in cores; 0 = no limit. */
  readonly vcpus: number;
  /** Hard limit of memory in MiB; 0 = no limit. */
  readonly memoryMiB: number;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** The network that waits for the workload: made before it starts, by net-manager. */
export interface Attachment {
  /** Path of a named network namespace with everything configured. */
  readonly netnsPath: string;
  /** `address name` lines of /etc/hosts. */
  readonly hosts: readonly { readonly address: string; readonly names: readonly string[] }[];
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

export type Phase = 'created' | 'running' | 'paused' | 'stopped';

/** How a workload ended. */
export interface Exit {
  /** Undefined: it ended while nobody could see how. */
  readonly code: number | undefined;
  readonly oomKilled: boolean;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** What happened, where no code tells it: `the guest panicked`. */
  readonly detail?: string;
}

/** What a runtime has of one workload right now. */
export interface Observed {
  readonly id: string;
  readonly virtualization: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: Phase;
  readonly pid: number | undefined;
  readonly startedAtMs: number | undefined;
  /** Only when `stopped`. */
  readonly exit: Exit | undefined;
}

export interface Stats {
  readonly id: string;
  /** CPU time used since the start, in milliseconds. */
  readonly cpuMs: number;
  /** Working set: what cannot be reclaimed at once, in bytes. */
  readonly memoryBytes: number;
  /** 0 = no limit. */
  readonly memoryLimitBytes: number;
  readonly oomKills: number;
}

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface LogOptions {
  /** Only the last lines of each stream, before following. */
  readonly tail?: number;
  readonly follow?: boolean;
}

/** What a workload said in its former lives can be read until it is removed without this. */
export interface RemoveOptions { readonly keepLogs?: boolean }

/** Something changed for one workload, or (id undefined) anything may have: list again. A hint, never the truth. */
export interface RuntimeEvent {
  readonly id: string | undefined;
  readonly kind: 'started' | 'exited' | 'out-of-memory' | 'resync';
}

export interface RuntimeDescription {
  /** The name a descriptor asks for: `runc`, `runsc`, `unikernel`... */
  readonly virtualization: string;
  /** How it is launched, e.g. `io.containerd.runc.v2 binary_name=runsc`. Recorded and shown. */
  readonly route: string;
  readonly version: string | undefined;
  readonly capabilities: Capabilities;
}

/**
 * One virtualization of this node. Every verb is idempotent, does one thing, and leaves nothing behind when it throws.
 * Failures are `RuntimeError`s with a `kind`; an aborted signal rejects with its reason.
 */
export interface Runtime {
  readonly virtualization: string;
  describe(): RuntimeDescription;
  /** Image present, verified and unpacked. `invalid`: no such image or not for this machine; `temporary`: registry or disk. */
  prepare(workload: Workload, signal: AbortSignal): Promise<void>;
  /** Creates and starts. Starting what runs already is success. */
  start(workload: Workload, attachment: Attachment, signal: AbortSignal): Promise<Observed>;
  /** SIGTERM, at most `graceMs`, then SIGKILL. Stopping what is stopped or unknown is success. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined>;
  /** Everything of the workload goes: process if any, metadata, file system, and log files unless they are kept for its next life. Unknown is success. */
  remove(id: string, signal: AbortSignal, options?: RemoveOptions): Promise<void>;
  /** All workloads of this runtime that carry our label. A failed read throws; it is never an empty list. */
  list(signal: AbortSignal): Promise<readonly Observed[]>;
  /** Calls back on changes until the returned function is called. Reconnects by itself and then says `resync`. */
  watch(listener: (event: RuntimeEvent) => void): () => void;
  stats(signal: AbortSignal): Promise<readonly Stats[]>;
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;
}
