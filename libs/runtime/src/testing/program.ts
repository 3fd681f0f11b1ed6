/** What a workload of a test does, told without a shell, so that a fake can do it too. */
export type Step =
  | { readonly say: string; readonly to?: 'stdout' | 'stderr' }
  | { readonly show: Shown }
  /** Adds a line to a file of its own file system, then says how many lines it has. */
  | { readonly count: string }
  /** Says the lines of a file, or `unreadable`. */
  | { readonly read: string }
  /** Says `written`, or `refused`. */
  | { readonly write: string }
  /** SIGTERM does nothing from here on. Without it SIGTERM ends the workload with code 143. */
  | { readonly ignoreTerm: true }
  | { readonly sleepMs: number }
  | { readonly eatMemoryMiB: number }
  | { readonly forever: true }
  | { readonly exit: number };

/** What a workload can say about where it finds itself, one fact per line. */
export type Shown = 'environment' | 'user' | 'hostname' | 'hosts' | 'nameservers' | 'directory' | 'capabilities';

export type Program = readonly Step[];

/** Ends with code 0 when no step says otherwise. */
export const exitCodeOf = (program: Program): number => program.reduce((code, step) => ('exit' in step ? step.exit : code), 0);
