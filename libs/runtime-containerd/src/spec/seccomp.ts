import type { OciSeccomp, OciSyscalls } from './oci-types.ts';
import { allowedCalls, callsByCapability } from './seccomp-calls.ts';

export type Architecture = 'amd64' | 'arm64';

const architectures: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};
const callsOfArchitecture: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['arch_prctl', 'modify_ldt', 'get_thread_area', 'set_thread_area'],
  arm64: ['arm_fadvise64_64', 'arm_sync_file_range', 'sync_file_range2', 'breakpoint', 'cacheflush', 'set_tls'],
};

const allow = 'SCMP_ACT_ALLOW';
const enosys = 38;
const eperm = 1;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e020000;
const vsock = 40;
/** The execution domains a program may want: Linux, its 32-bit view, and both without address randomisation of the old kind. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Calls whose arguments decide. */
const narrowed: readonly OciSyscalls[] = [
  ...personalities.map((value) => ({ names: ['personality'], action: allow, args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] })),
  { names: ['socket'], action: allow, args: [{ index: 0, value: vsock, op: 'SCMP_CMP_NE' }] },
];

/** Without CAP_SYS_ADMIN no new namespaces. clone3 hides its flags in memory, so libc is told to fall back to clone. */
const oldStyleClone: readonly OciSyscalls[] = [
  { names: ['clone'], action: allow, args: [{ index: 0, value: newNamespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] },
  { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
];

/** An allow-list: what is not named answers EPERM. Calls that a kernel or libseccomp does not know are passed over by the runtimes. */
export function seccompProfile(capabilities: readonly string[], architecture: Architecture): OciSeccomp {
  const granted = capabilities.flatMap((name) => callsByCapability[name] ?? []);
  const clones = capabilities.includes('CAP_SYS_ADMIN') ? [] : oldStyleClone;
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: eperm,
    architectures: architectures[architecture],
    syscalls: [{ names: [...new Set([...allowedCalls, ...callsOfArchitecture[architecture], ...granted])], action: allow }, ...narrowed, ...clones],
  };
}
