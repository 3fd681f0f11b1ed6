import { existsSync, readFileSync } from 'node:fs';

export interface Resolver {
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

/** systemd-resolved keeps the real servers here and its own loopback address in /etc/resolv.conf. */
const files = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];

/** What instances may ask for names: the node's servers, without those that only the node can reach. */
export function readResolver(): Resolver {
  const file = files.find((path) => existsSync(path));
  return parseResolver(file === undefined ? '' : readFileSync(file, 'utf8'));
}

export function parseResolver(text: string): Resolver {
  const values = (keyword: string) => text.split('\n').flatMap((line) => (line.trim().startsWith(`${keyword} `) || line.trim().startsWith(`${keyword}\t`) ? line.trim().split(/\s+/).slice(1) : []));
  return {
    nameservers: values('nameserver').filter((address) => !/^127\.|^::1$|^fe80:/i.test(address)).slice(0, 3),
    searchDomains: values('search').slice(0, 6),
  };
}
