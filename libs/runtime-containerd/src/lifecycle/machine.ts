import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeOptions } from '../spec/oci-spec.ts';
import type { OciDevice } from '../spec/oci-types.ts';
import { capabilitiesOf } from '../spec/capabilities.ts';

/** What this machine's kernel offers to workloads; read once at the start. */
export function machineOptions(): Pick<NodeOptions, 'architecture' | 'cgroupVersion' | 'hostCapabilities' | 'hostDevices' | 'openFiles' | 'swapAccounting'> {
  const cgroupVersion = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1;
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', cgroupVersion, hostDevices: hostDevices(), openFiles: openFiles(),
    hostCapabilities: capabilitiesOf(/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'),
    swapAccounting: cgroupVersion === 2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
  };
}

const wantedFiles = { soft: 65_536, hard: 1_048_576 };

/** No more than this process may have: where nobody may raise a limit, a container that asks for it does not start. */
function openFiles(): { soft: number; hard: number } {
  const own = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? wantedFiles.hard);
  const hard = Math.min(wantedFiles.hard, own);
  return { soft: Math.min(wantedFiles.soft, hard), hard };
}

/** Devices directly below /dev; the terminals and shared memory there are each container's own. */
function hostDevices(): OciDevice[] {
  const own = new Set(['console', 'ptmx', 'tty', 'null', 'zero', 'full', 'random', 'urandom']);
  return readdirSync('/dev').filter((name) => !own.has(name)).flatMap((name) => {
    const path = join('/dev', name);
    const status = statSync(path, { throwIfNoEntry: false });
    const type = status?.isCharacterDevice() ? 'c' : status?.isBlockDevice() ? 'b' : undefined;
    if (!status || !type) return [];
    return [{ path, type, ...deviceNumbers(status.rdev), fileMode: status.mode & 0o7777, uid: status.uid, gid: status.gid }];
  });
}

/** As glibc packs them into one number. */
export function deviceNumbers(number: number): { major: number; minor: number } {
  const packed = BigInt(number);
  return { major: Number(((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n)), minor: Number((packed & 0xffn) | ((packed >> 12n) & 0xffffff00n)) };
}
