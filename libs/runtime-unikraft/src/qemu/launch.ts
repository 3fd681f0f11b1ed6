import { spawn } from 'node:child_process';
import type { Boot } from '../driver.ts';

export interface Launch {
  readonly folder: string;
  readonly cgroups: readonly string[];
  readonly logPath: string;
  readonly kernelPath: string;
  readonly initrdPath: string | undefined;
  readonly filesPath: string | undefined;
  /** `major:minor` of the tap. */
  readonly tapDevice: string | undefined;
  readonly netnsPath: string | undefined;
  /** Of the user that QEMU runs as; nobody else on the machine has it. */
  readonly userId: number;
  /** Whom /dev/kvm belongs to, where it is used. */
  readonly groupIds: readonly number[];
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The parent of one QEMU. It outlives us, keeps the monitor's way in open, and writes down how QEMU ended. It opens as root what QEMU uses;
 * QEMU itself can open nothing of ours. What is absent is /dev/null.
 */
const script = `
folder=$1 log=$2 kernel=$3 initrd=$4 tap=$5 files=$6 cgroups=$7; shift 7
for group in $cgroups; do echo $$ > "$group/cgroup.procs" || exit 1; done
cd "$folder" || exit 1
exec 3<>commands 4>>"$log" 5<"$kernel" 6<"$initrd" 8<"$files" || exit 1
if [ -n "$tap" ]; then
  node="/dev/oak-tap-$$"
  mknod -m 600 "$node" c "\${tap%:*}" "\${tap#*:}" && exec 7<>"$node"; opened=$?
  rm -f "$node"; [ $opened = 0 ] || exit 1
fi
echo '{"execute":"qmp_capabilities"}' >&3
"$@" <&3 >>events 2>>errors 3<&- &
machine=$!
cat /proc/$machine/stat > process.draft && mv process.draft process
wait $machine
echo $? > status.draft
mv status.draft status
`;

export interface Launched {
  /** The parent has ended: then QEMU has, too, unless somebody killed the parent alone. Settles for who sees that. */
  readonly ended: Promise<unknown>;
}

/** What starts the QEMU of a machine. */
export interface Launcher {
  /** Of the driver that has it. */
  readonly name: string;
  /** A folder outside of the machine's own that goes with it. */
  scratchDir?(id: string): string;
  /** Once it is on its way. @throws when it can not be started; then nothing of it comes later */
  launch(launch: Launch, boot: Boot, signal: AbortSignal): Promise<Launched>;
}

/** The command of the parent; more arguments of QEMU may follow it. */
export function parentCommand({ folder, cgroups, logPath, kernelPath, initrdPath, tapDevice, filesPath, netnsPath, userId, groupIds, program, args }: Launch): readonly string[] {
  const groups = groupIds.length > 0 ? [`--groups=${groupIds.join(',')}`] : ['--clear-groups'];
  return [
    'sh', '-c', script, 'oak-machine', folder, logPath, kernelPath, initrdPath ?? '/dev/null', tapDevice ?? '', filesPath ?? '/dev/null', cgroups.join(' '),
    ...(netnsPath === undefined ? ['unshare', '--net'] : ['nsenter', `--net=${netnsPath}`]), '--',
    'setpriv', `--reuid=${userId}`, `--regid=${userId}`, ...groups, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--', program, ...args,
  ];
}

/** Starts the parent by ourselves, in a session of its own. */
export const directly: Launcher = {
  name: 'qemu',
  launch(launch) {
    const [command = '', ...args] = parentCommand(launch);
    const parent = spawn(command, args, { detached: true, stdio: 'ignore', cwd: '/' });
    parent.unref();
    const ended = new Promise((resolve, reject) => {
      parent.once('error', reject);
      parent.once('exit', resolve);
    });
    return Promise.resolve({ ended });
  },
};
