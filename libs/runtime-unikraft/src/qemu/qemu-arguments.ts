import type { Accelerator } from '../driver.ts';

export interface MachineShape {
  readonly name: string;
  readonly accelerator: Accelerator;
  readonly memoryMiB: number;
  readonly vcpus: number;
  readonly bootLine: string;
  readonly hasInitrd: boolean;
  readonly hasFiles: boolean;
  readonly network: { readonly mac: string; readonly mtu: number } | undefined;
}

/** Numbers of the files that QEMU is started with: what it could not open by itself, as it runs as nobody. */
export const descriptors = { serial: 4, kernel: 5, initrd: 6, tap: 7, files: 8 } as const;

const cpus = { kvm: 'host,+x2apic,-pmu', tcg: 'qemu64,+pdpe1gb,-vmx,-svm' } as const;
/** What emulation has translated would grow to an eighth of the node's memory. */
const accelerators = { kvm: 'kvm', tcg: 'tcg,tb-size=32' } as const;
/** The exit port gives guests a code to leave with; the panic device tells a panic from an end. */
const devices = ['isa-debug-exit,iobase=0x501,iosize=4', 'pvpanic'];

/** One machine, without anything that QEMU would add by itself. */
export function qemuArguments({ name, accelerator, memoryMiB, vcpus, bootLine, hasInitrd, hasFiles, network }: MachineShape): string[] {
  return [
    '-name', name, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    '-machine', 'pc', '-accel', accelerators[accelerator], '-cpu', cpus[accelerator], '-m', `${memoryMiB}M`, '-smp', String(vcpus), '-rtc', 'base=utc',
    '-add-fd', `fd=${descriptors.serial},set=1`, '-chardev', 'file,id=serial,path=/dev/fdset/1,append=on', '-serial', 'chardev:serial',
    '-chardev', 'stdio,id=monitor,signal=off', '-mon', 'chardev=monitor,mode=control',
    ...devices.flatMap((device) => ['-device', device]),
    ...(network ? ['-netdev', `tap,id=net0,fd=${descriptors.tap}`, '-device', `virtio-net-pci,netdev=net0,mac=${network.mac},host_mtu=${network.mtu},romfile=`] : []),
    ...(hasFiles ? ['fs0', 'fs1'].flatMap((tag) => ['-fsdev', `local,id=${tag},path=/proc/self/fd/${descriptors.files},security_model=none`, '-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`]) : []),
    '-kernel', `/proc/self/fd/${descriptors.kernel}`, ...(hasInitrd ? ['-initrd', `/proc/self/fd/${descriptors.initrd}`] : []), '-append', bootLine,
  ];
}
