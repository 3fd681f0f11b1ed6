import { accessSync, constants, readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** PATH of the process that listens on a unix socket: shims and binaries are looked up there, not on ours. Undefined: nobody listens, or we may not look. */
export function daemonPath(socket: string): string | undefined {
  const wanted = realPath(socket);
  const rows = readFileSync('/proc/net/unix', 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  const inode = rows.find((fields) => fields[3] === listening && fields[7] !== undefined && realPath(fields[7]) === wanted)?.[6];
  if (inode === undefined) return undefined;
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((name) => holds(name, `socket:[${inode}]`));
  return pid === undefined ? undefined : pathOf(pid);
}

/** The flag of an accepting socket in /proc/net/unix (`__SO_ACCEPTCON`). */
const listening = '00010000';

function pathOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((one) => one.startsWith('PATH='))?.slice('PATH='.length);
  } catch {
    return undefined;
  }
}

/** /var/run is a link to /run: the same socket has two names. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
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
