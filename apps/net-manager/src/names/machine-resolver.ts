import { readFileSync } from 'node:fs';

/** What a resolver is told: whom to ask, and what to append to short names. */
export interface Resolver {
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

/** systemd-resolved keeps the real servers in the first one, and only its own address in the second. */
const files: readonly string[] = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];
const nobody: Resolver = { nameservers: [], searchDomains: [] };

/** The name servers of this machine, as they are configured at this moment: the first file that names any counts. Without servers: it has none. */
export function machineResolver(paths = files): Resolver {
  return paths.map((path) => parseResolver(readIfThere(path))).find(({ nameservers }) => nameservers.length > 0) ?? nobody;
}

export function parseResolver(text: string): Resolver {
  return { nameservers: valuesOf(text, 'nameserver').flatMap(([first]) => first ?? []), searchDomains: valuesOf(text, 'search').flat() };
}

/** What instances may be told: without servers that only the node can reach, and no more than a resolver takes. */
export function forInstances({ nameservers, searchDomains }: Resolver): Resolver {
  return { nameservers: nameservers.filter((address) => !/^127\.|^::1$|^fe80:/i.test(address)).slice(0, 3), searchDomains: searchDomains.slice(0, 6) };
}

function valuesOf(text: string, keyword: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/[ \t]+/)).filter(([first]) => first === keyword).map(([, ...values]) => values);
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
