import type { Attachment } from '@oak/runtime';

type Names = Pick<Attachment, 'hosts' | 'nameservers' | 'searchDomains'>;

/** /etc/hosts: the machine's own names first, then those of the attachment. */
export function hostsFile({ hosts }: Names, hostname: string): string {
  const own = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback'];
  const named = hosts.some(({ names }) => names.includes(hostname)) ? [] : [`127.0.1.1 ${hostname}`];
  return [...own, ...named, ...hosts.map(({ address, names }) => `${address} ${names.join(' ')}`), ''].join('\n');
}

/** /etc/resolv.conf. Without name servers it is empty, which resolvers read as "ask this machine": nothing answers there. */
export function resolvConf({ nameservers, searchDomains }: Names): string {
  const search = searchDomains.length > 0 ? [`search ${searchDomains.join(' ')}`] : [];
  return [...search, ...nameservers.map((address) => `nameserver ${address}`), ''].join('\n');
}
