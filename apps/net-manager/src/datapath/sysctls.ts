import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const net = '/proc/sys/net';
const read = (path: string): string => readFileSync(`${net}/${path}`, 'utf8').trim();
const write = (path: string, value: string): void => writeFileSync(`${net}/${path}`, value);

/** The node forwards for its instances. Reaches only the network namespace that this process runs in. @throws Error when the kernel has no IPv6 */
export function enableForwarding(): void {
  if (!existsSync(`${net}/ipv6`)) throw new Error('the kernel has IPv6 switched off (ipv6.disable=1?); instances need both families');
  if (read('ipv4/ip_forward') !== '1') write('ipv4/ip_forward', '1');
  if (read('ipv6/conf/all/forwarding') === '1') return;
  keepRouterAdvertisements();
  write('ipv6/conf/all/forwarding', '1');
}

/** A forwarding kernel ignores router advertisements at 1: the machine would lose its own IPv6 route. */
function keepRouterAdvertisements(): void {
  for (const link of readdirSync(`${net}/ipv6/conf`)) {
    if (link !== 'all' && read(`ipv6/conf/${link}/accept_ra`) === '1') write(`ipv6/conf/${link}/accept_ra`, '2');
  }
}

/** `route_localnet`: mapped ports answer on 127.0.0.1 too; the table drops what instances send there. */
export function tameBridge(bridge: string): void {
  for (const key of ['accept_ra', 'accept_dad']) write(`ipv6/conf/${bridge}/${key}`, '0');
  write(`ipv4/conf/${bridge}/route_localnet`, '1');
  // Telling an instance of a shorter way would use up what the kernel grants for telling it of refusals. A link's own value still counts for it.
  for (const key of ['all', bridge]) write(`ipv4/conf/${key}/send_redirects`, '0');
  // Guests that believe their neighbours to be on one wire ask for them there: the node answers and passes on.
  write(`ipv4/conf/${bridge}/proxy_arp_pvlan`, '1');
}

/** Callers show their instance IP, to which the way back is another: loose, also where the machine is strict. */
export function tameTunnel(tunnel: string): void {
  write(`ipv4/conf/${tunnel}/rp_filter`, '2');
  for (const key of ['accept_ra', 'accept_dad']) write(`ipv6/conf/${tunnel}/${key}`, '0');
}

/** Whether the kernel tracks any flow in this namespace. */
export function hasFlows(): boolean {
  const path = 'netfilter/nf_conntrack_count';
  return existsSync(`${net}/${path}`) && Number(read(path)) > 0;
}
