import type { Exit, Observed, RuntimeEvent, Stats } from '@oak/runtime';

export type Accelerator = 'kvm' | 'tcg';

/** A unikernel on this machine's disk: verified, and of this machine's architecture. */
export interface Kernel {
  readonly kernelPath: string;
  /** A cpio archive. */
  readonly initrdPath?: string | undefined;
  /** A folder that is its file system (9p). Read and copied, never written. */
  readonly filesPath?: string | undefined;
  /** Of the package, for who gives no own command. */
  readonly command: readonly string[];
  readonly environment: readonly string[];
}

/** Everything that one machine is booted with. */
export interface Boot {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kernel: Kernel;
  readonly command: readonly string[];
  /** `KEY=value`. */
  readonly environment: readonly string[];
  readonly vcpus: number;
  /** Of the guest, in MiB. */
  readonly memoryMiB: number;
  /** Cores that the machine may use; 0 = no limit. */
  readonly cpuLimit: number;
  /** Undefined: a machine without network. */
  readonly network: BootNetwork | undefined;
  /** The serial line is appended to this file. */
  readonly logPath: string;
}

export interface BootNetwork {
  readonly netnsPath: string;
  readonly hostname: string;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

export type Machine = Omit<Observed, 'virtualization'>;

export interface DriverDescription {
  /** `qemu`, `kraft`. */
  readonly name: string;
  readonly accelerator: Accelerator;
  /** Of the program that boots, e.g. `QEMU 7.2.22`. */
  readonly version: string | undefined;
}

/**
 * What boots unikernels: QEMU by ourselves, or kraft. Machines go on when this process ends, and are found again by `list`. The caller sees to
 * it that verbs on one id come one after another. Failures are `RuntimeError`s; an aborted signal rejects with its reason.
 */
export interface UnikernelDriver {
  describe(): DriverDescription;
  /** Resolves when the guest has run, or has ended already. What is left of an earlier life goes first. A failure leaves nothing. */
  start(boot: Boot, signal: AbortSignal): Promise<Machine>;
  /** The power button, at most `graceMs`, then the plug. Undefined: there is no such machine. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<Exit | undefined>;
  /** Everything of it, running or not; not its log. Unknown is success. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** All machines of this driver. A machine that does not answer is listed like others, and holds up nobody. */
  list(signal: AbortSignal): Promise<readonly Machine[]>;
  watch(listener: (event: RuntimeEvent) => void): () => void;
  /** Of what runs. */
  stats(signal: AbortSignal): Promise<readonly Stats[]>;
}
