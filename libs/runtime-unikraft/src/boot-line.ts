import { RuntimeError } from '@oak/runtime';
import type { BootNetwork } from './driver.ts';

export interface GuestAddresses {
  readonly ipv4: string;
  readonly gatewayIpv4: string;
  /** Empty: none. */
  readonly ipv6: string;
  readonly gatewayIpv6: string;
}

export interface BootLine {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly network: (GuestAddresses & Omit<BootNetwork, 'netnsPath'>) | undefined;
}

/** Unikraft keeps no more. */
const longestBytes = 4096;
const unprintable = /[^\x20-\x7e\u0080-\uffff]/;

/**
 * What a Unikraft kernel is told: `netdev.ip=... env.vars=[ "K=V" ] -- ARGS`.
 * The address comes as a /32: the guest has nobody beside it but the gateway, as containers have, and lwIP sends all that is not its own there.
 * @throws RuntimeError invalid: a word that the line has no spelling for
 */
export function bootLine({ name, command, environment, network }: BootLine): string {
  const variables = [...environment, ...(network ? addressVariables(network) : [])].map((variable) => quoted(name, 'environment', variable));
  const line = [
    ...(network ? [`netdev.ip=${netdev(network)}`] : []),
    ...(variables.length > 0 ? [`env.vars=[ ${variables.join(' ')} ]`] : []),
    '--', ...command.map((word) => (/^[^\s"']+$/.test(word) ? checked(name, 'cmd', word) : quoted(name, 'cmd', word))),
  ].join(' ');
  const bytes = Buffer.byteLength(line);
  if (bytes > longestBytes) throw new RuntimeError('invalid', `${name}: command and environment make a boot line of ${bytes} bytes; a unikernel takes ${longestBytes}`);
  return line;
}

/** `CIDR:gateway:dns0:dns1:host:domain`. Only IPv4: the colons leave no room for another family. */
function netdev({ ipv4, gatewayIpv4, nameservers, hostname, searchDomains }: NonNullable<BootLine['network']>): string {
  const [dns0 = '', dns1 = ''] = nameservers.filter((address) => !address.includes(':'));
  const [domain = ''] = searchDomains;
  return [`${ipv4}/32`, gatewayIpv4, dns0, dns1, hostname, domain].join(':').replace(/:+$/, '');
}

/** Unikraft has no parameter for IPv6 addresses; a kernel that has IPv6 finds them in its environment. */
function addressVariables({ ipv6, gatewayIpv6, nameservers }: NonNullable<BootLine['network']>): string[] {
  if (ipv6 === '') return [];
  const dns = nameservers.find((address) => address.includes(':'));
  return [`NETDEV_IP6=${[`${ipv6}/128`, gatewayIpv6, ...(dns === undefined ? [] : [dns])].join(',')}`];
}

/** The kernel's reader knows both kinds of quotes and no escapes. */
function quoted(name: string, field: string, word: string): string {
  const quote = word.includes('"') ? "'" : '"';
  if (word.includes(quote)) throw new RuntimeError('invalid', `${name}: ${field} has ${JSON.stringify(word)}; a unikernel's boot line has no spelling for both kinds of quotes in one word`);
  return `${quote}${checked(name, field, word)}${quote}`;
}

function checked(name: string, field: string, word: string): string {
  if (unprintable.test(word)) throw new RuntimeError('invalid', `${name}: ${field} has ${JSON.stringify(word)}; a unikernel's boot line takes no control characters`);
  return word;
}
