import { parentCommand, type Launch } from '../qemu/launch.ts';

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * A script that kraft calls as if it were QEMU. Of kraft's line it keeps what kraft itself talks by: the monitors, the file of the process' number, and that the guest waits for
 * kraft's word. All else is ours, as without kraft: the wire with its MAC (kraft's is random), the user without rights, the limits, the exit port, the log. QEMU's parent is ours, too, so
 * that there is never a zombie, and so that somebody sees how it ends.
 */
export function asQemu(launch: Launch): string {
  const { program, folder, userId } = launch;
  return `#!/bin/sh
case " $* " in *' -daemonize '*) ;; *) exec ${quoted(program)} "$@" ;; esac
while [ $# -gt 0 ]; do
  case "$1" in
    -S) kept="$kept -S" ;;
    -qmp | -monitor) kept="$kept $1 $2"; shift ;;
    -pidfile) pidfile=$2; kept="$kept $1 $2"; shift ;;
  esac
  shift
done
store=\${pidfile%/*}
chown ${userId}:${userId} "$store" || exit 1
setsid ${parentCommand(launch).map(quoted).join(' ')} $kept < /dev/null > /dev/null 2>&1 &
until [ -s "$pidfile" ] && [ -S "$store/qemu_control.sock" ] && [ -S "$store/qemu_events.sock" ]; do
  case "$(cat /proc/$!/stat 2> /dev/null)" in '' | *') Z '*) cat ${quoted(`${folder}/errors`)} >&2; exit 1 ;; esac
  sleep 0.02
done
`;
}
