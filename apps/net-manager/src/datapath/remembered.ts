import { parseAddress } from '@oak/addressing';
import type { PortMapping } from '@oak/net-api';

/** What an instance's link knows about it. The kernel is the memory: it lives exactly as long as the link does. */
export interface Remembered {
  readonly instanceId: string;
  readonly name: string;
  /** With the length of its range: `10.18.0.2/26`. */
  readonly ipv4: string;
  readonly ipv6: string;
  readonly ports: readonly PortMapping[];
}

/** Goes into the link's alias (255 bytes; this has at most 224). */
export function printAlias({ instanceId, ipv4, ipv6, name }: Remembered): string {
  return `oak1 ${instanceId} ${ipv4} ${ipv6} ${name}`;
}

/** Goes beside the link's name. The kernel lets no two links have the same one, which guards the port a second time. */
export function printPortName({ hostPort, targetPort, protocol }: PortMapping): string {
  return `oakport-${hostPort}-${targetPort}-${protocol}`;
}

/** Undefined: not written by `printAlias`, so the link was never finished. */
export function readRemembered(alias: string, alternativeNames: readonly string[]): Remembered | undefined {
  const match = /^oak1 ([0-9a-f]{24}) (\S+)\/(\d{1,2}) (\S+)\/(\d{1,3}) (\S{1,128})$/.exec(alias);
  if (!match) return undefined;
  const [, instanceId = '', v4 = '', v4Length = '', v6 = '', v6Length = '', name = ''] = match;
  if (parseAddress(v4)?.family !== 4 || parseAddress(v6)?.family !== 6) return undefined;
  return { instanceId, name, ipv4: `${v4}/${v4Length}`, ipv6: `${v6}/${v6Length}`, ports: alternativeNames.flatMap(readPortName) };
}

function readPortName(text: string): PortMapping[] {
  const match = /^oakport-(\d{1,5})-(\d{1,5})-(tcp|udp)$/.exec(text);
  return match ? [{ hostPort: Number(match[1]), targetPort: Number(match[2]), protocol: match[3] === 'tcp' ? 'tcp' : 'udp' }] : [];
}
