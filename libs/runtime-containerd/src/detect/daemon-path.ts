import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** PATH of the process that listens on a unix socket: shims and binaries are looked up there, not on ours. Undefined: nobody listens, or we may not look. */
export function daemonPath(socket: string): string | undefined {
  const row = readFileSync('/proc/net/unix', 'utf8').split('\n').map((line) => line.trim().split(/\s+/)).find((fields) => fields[3] === '00010000' && fields[7] === socket);
  const inode = row?.[6];
  if (inode === undefined) return undefined;
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((name) => holds(name, `socket:[${inode}]`));
  if (pid === undefined) return undefined;
  const entry = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((one) => one.startsWith('PATH='));
  return entry?.slice('PATH='.length);
}

/** Where a program is on a PATH; undefined: nowhere. */
export function findProgram(name: string, path: string): string | undefined {
  const places = isAbsolute(name) ? [name] : path.split(delimiter).filter((dir) => dir !== '').map((dir) => join(dir, name));
  return places.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function holds(pid: string, target: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === target);
  } catch {
    return false;
  }
}
