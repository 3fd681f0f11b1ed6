import { parseAddress } from '@oak/addressing';
import type { InstanceNetwork, PortMapping } from '@oak/net-api';
import { z } from 'zod';
import { linkName } from './names.ts';

/** What an instance's link knows about it. The kernel is the memory: it lives exactly as long as the link does. */
export interface Remembered {
  readonly instanceId: string;
  readonly name: string;
  /** With the length of its range: `10.18.0.2/26`. */
  readonly ipv4: string;
  readonly ipv6: string;
  readonly ports: readonly PortMapping[];
  readonly network?: InstanceNetwork;
}

/** Goes into the link's alias (255 bytes; this has at most 224). */
export function printAlias({ instanceId, ipv4, ipv6, name, network }: Remembered): string {
  return `${network ? 'oak2' : 'oak1'} ${instanceId} ${ipv4} ${ipv6} ${name}`;
}

/** Names beside the link's own (127 bytes each). The kernel lets no two links have the same one, which guards a port a second time. */
export function printOtherNames(instance: Remembered): string[] {
  return [...instance.ports.map(printPortName), ...(instance.network ? networkNames(instance.instanceId, instance.network) : [])];
}

function printPortName({ hostPort, targetPort, protocol }: PortMapping): string {
  return `oakport-${hostPort}-${targetPort}-${protocol}`;
}

const partLength = 96;

/** The alias has no room left for these, and a file would not go away with the link. In parts, each unlike those of other links. */
function networkNames(instanceId: string, { applicationId, organisation, ipv4, ipv6 }: InstanceNetwork): string[] {
  const text = Buffer.from(JSON.stringify([applicationId, organisation, ipv4, ipv6])).toString('base64url');
  return Array.from({ length: Math.ceil(text.length / partLength) }, (_, part) => `oaknet-${linkName(instanceId)}-${part}-${text.slice(part * partLength, (part + 1) * partLength)}`);
}

/** Undefined: not written by `printAlias`, so the link was never finished. */
export function readRemembered(alias: string, otherNames: readonly string[]): Remembered | undefined {
  const match = /^oak([12]) ([0-9a-f]{24}) (\S+)\/(\d{1,2}) (\S+)\/(\d{1,3}) (\S{1,128})$/.exec(alias);
  if (!match) return undefined;
  const [, version, instanceId = '', v4 = '', v4Length = '', v6 = '', v6Length = '', name = ''] = match;
  if (parseAddress(v4)?.family !== 4 || parseAddress(v6)?.family !== 6) return undefined;
  const network = version === '2' ? readNetwork(instanceId, otherNames) : undefined;
  if (version === '2' && !network) return undefined;
  return { instanceId, name, ipv4: `${v4}/${v4Length}`, ipv6: `${v6}/${v6Length}`, ports: otherNames.flatMap(readPortName), ...(network && { network }) };
}

function readPortName(text: string): PortMapping[] {
  const match = /^oakport-(\d{1,5})-(\d{1,5})-(tcp|udp)$/.exec(text);
  return match ? [{ hostPort: Number(match[1]), targetPort: Number(match[2]), protocol: match[3] === 'tcp' ? 'tcp' : 'udp' }] : [];
}

const networkSchema = z.tuple([z.string().regex(/^[0-9a-f]{24}$/), z.string().min(1).max(64), z.ipv4(), z.ipv6()])
  .transform(([applicationId, organisation, ipv4, ipv6]) => ({ applicationId, organisation, ipv4, ipv6 }));

function readNetwork(instanceId: string, otherNames: readonly string[]): InstanceNetwork | undefined {
  const prefix = `oaknet-${linkName(instanceId)}-`;
  const parts = otherNames.filter((name) => name.startsWith(prefix)).map((name) => /^(\d+)-(.*)$/.exec(name.slice(prefix.length)) ?? []);
  const text = parts.toSorted(([, a], [, b]) => Number(a) - Number(b)).map(([, , part = '']) => part).join('');
  try {
    return networkSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    return undefined;
  }
}
