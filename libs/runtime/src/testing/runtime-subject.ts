import type { Attachment, Runtime, Workload } from '../runtime.ts';
import type { Program } from './program.ts';

/** What the conformance suite needs to try one runtime. */
export interface RuntimeSubject {
  readonly runtime: Runtime;
  /** The same runtime on a node that does not allow privileged workloads. */
  readonly strict: Runtime;
  readonly images: TestImages;
  /** The command that makes the plain image do this. */
  command(program: Program): readonly string[];
  /** A command that no image holds; its first word must be named by the error. */
  readonly missingCommand: readonly string[];
  /** A network of its own for one workload. */
  attach(): Promise<{ readonly attachment: Attachment; readonly detach: () => Promise<void> }>;
  /** A folder of the host in which the file `greeting` holds the line `from the host`. Needed when volumes are tried. */
  readonly volume?: string;
  /** One line for everything on the machine that belongs to a workload of this runtime. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** References of images, served by the subject's own registry. */
export interface TestImages {
  /** Root, no command, directory `/`. */
  readonly plain: string;
  /** Its user has a name, and is 1234:1235. */
  readonly user: string;
  /** Without a command of the workload it says `hello from the image`, then its environment, and ends. Its environment holds GREETING=hello and COLOUR=red. */
  readonly defaults: string;
  /** Directory `/srv/app`. */
  readonly directory: string;
  readonly missing: string;
}

/** What a runtime cannot do is not tried. */
export interface SubjectTraits {
  /** SIGTERM reaches the workload's program. Default true. */
  readonly signals?: boolean;
  /** Users of images mean something. Default true. */
  readonly users?: boolean;
  /** Counts its memory and kills what exceeds the limit. Default true. */
  readonly memoryLimits?: boolean;
  /** The program sees its own hosts file, name servers and hostname. Default true. */
  readonly namesFiles?: boolean;
  /** Has standard error apart from standard output. Default true. */
  readonly standardError?: boolean;
  /** A missing command is noticed at start. Default true. */
  readonly commands?: boolean;
  /** Default true. */
  readonly privileged?: boolean;
  /** A workload is put into the network namespace of its attachment. Default true. */
  readonly networks?: boolean;
  /** Folders of the host can be mounted. Default true. */
  readonly volumes?: boolean;
}

export const aWorkload: Omit<Workload, 'id' | 'image' | 'name'> = {
  command: [], environment: [], hostname: 'conformance', limits: { vcpus: 0, memoryMiB: 0 }, privileged: false, mounts: [], labels: {},
};
