import { linkName, macOf, netnsName } from './names.ts';
import { mtu } from './plan.ts';
import { bare, rangeOf } from './range.ts';
import { printAlias, printPortName, type Remembered } from './remembered.ts';
import { joinLines } from './render.ts';

/** `ip -batch` on the node. The link says whose it is before it carries anything. */
export function outerLines(instance: Remembered, bridge: string): string[] {
  const link = linkName(instance.instanceId);
  const netns = netnsName(instance.instanceId);
  return [
    `netns add ${netns}`,
    `link add name ${link} mtu ${mtu} type veth peer name eth0 mtu ${mtu} address ${macOf(bare(instance.ipv4))} netns ${netns}`,
    ...(instance.ports.length > 0 ? [`link property add dev ${link} ${instance.ports.map((port) => `altname ${printPortName(port)}`).join(' ')}`] : []),
    // A port of a bridge needs no address of its own.
    `link set dev ${link} alias "${printAlias(instance)}" addrgenmode none`,
    ...joinLines(link, bridge),
  ];
}

/** `ip -batch` inside the namespace. Repeating it restores what a runtime removed and changes nothing else. */
export function innerLines({ ipv4, ipv6 }: Remembered): string[] {
  return [
    'link set dev lo up',
    'link set dev eth0 up',
    `address replace ${ipv4} dev eth0`,
    `address replace ${ipv6} dev eth0 nodad`,
    `route replace default via ${bare(rangeOf(ipv4).gateway)} dev eth0`,
    `route replace default via ${bare(rangeOf(ipv6).gateway)} dev eth0`,
  ];
}

/** A neighbour's router advertisement must not redirect an instance; duplicates can not be, for we give the addresses. */
export const innerShell = 'for key in accept_ra autoconf accept_dad; do echo 0 > /proc/sys/net/ipv6/conf/eth0/$key || exit; done; exec ip -batch -';

/** Links of one group are removed by one request: the kernel waits for its readers once, not once per link (30 ms). */
const removalGroup = 0x6f616b;

/** `ip -force -batch`: what is absent already is as it shall be. */
export function removeLines(instanceIds: readonly string[]): string[] {
  return [
    ...instanceIds.map((id) => `link set dev ${linkName(id)} group ${removalGroup}`),
    `link del group ${removalGroup}`,
    ...instanceIds.map((id) => `netns del ${netnsName(id)}`),
  ];
}
