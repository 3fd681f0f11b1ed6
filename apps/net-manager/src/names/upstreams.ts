import { readFileSync } from 'node:fs';

/** systemd-resolved keeps the real servers in the first one, and only its own address in the second. */
const files: readonly string[] = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];

/** The name servers of this machine, as they are configured at this moment. Empty: it has none. */
export function machineUpstreams(paths = files): string[] {
  return paths.map((path) => nameserversIn(readIfThere(path))).find((servers) => servers.length > 0) ?? [];
}

export function nameserversIn(text: string): string[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].map((match) => match[1] ?? '');
}

/** @throws Error it is there and cannot be read */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
