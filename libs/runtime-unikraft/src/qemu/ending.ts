import { constants } from 'node:os';
import type { Exit } from '@oak/runtime';

export interface EndOfMachine {
  /** Exit status of QEMU, as a shell says it. */
  readonly status: number;
  readonly atMs: number;
  /** What QMP said on the way. */
  readonly events: string;
  /** We asked it to end. */
  readonly asked: string | undefined;
  /** How often the kernel killed for memory in its cgroup. */
  readonly oomKills: number;
}

const { SIGKILL, SIGTERM } = constants.signals;
const bySignal = (signal: number): number => 128 + signal;
/** As programs that abort. */
const abortedCode = bySignal(constants.signals.SIGABRT);

/** Why QEMU says that the guest went; undefined: it left through the exit port, or QEMU had no time to say so. */
export function shutdownReason(events: string): string | undefined {
  return /"event": "SHUTDOWN".*"reason": "([a-z-]+)"/.exec(events)?.[1];
}

/** A machine's end in the words of processes. */
export function exitOf({ status, atMs, events, asked, oomKills }: EndOfMachine): Exit {
  const reason = shutdownReason(events);
  const exit = (code: number, detail?: string): Exit => ({ code, oomKilled: false, atMs, ...(detail !== undefined && { detail }) });
  switch (reason) {
    case 'guest-shutdown': return exit(asked === undefined ? 0 : bySignal(SIGTERM));
    case 'guest-panic': return exit(abortedCode, 'the guest panicked');
    case 'guest-reset': return exit(1, 'the guest reset its machine: it asked for a reboot, or had a fault that it does not handle');
    case 'host-qmp-quit': return exit(bySignal(SIGKILL));
    case 'host-signal': return exit(bySignal(SIGTERM));
    case undefined:
    default: break;
  }
  if (status === bySignal(SIGKILL) && oomKills > 0) return { ...exit(status), oomKilled: true };
  if (killed(status)) return exit(status, asked === undefined ? `its machine was killed by signal ${status - 128}` : undefined);
  // The exit port makes an odd status of what the guest writes to it.
  return status % 2 === 1 ? exit((status - 1) / 2) : exit(status, status === 0 ? undefined : `QEMU ended with status ${status}`);
}

/** Signals that end QEMU. Guests that leave with 68 or so through the exit port end alike; they are rarer. */
function killed(status: number): boolean {
  return [SIGKILL, constants.signals.SIGSEGV, constants.signals.SIGABRT, constants.signals.SIGBUS, constants.signals.SIGSYS].map(bySignal).includes(status);
}
