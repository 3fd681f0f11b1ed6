import { linkName, macOf, netnsName } from './names.ts';
import { bare, rangeOf } from './range.ts';
import { printAlias, printOtherNames, type Remembered } from './remembered.ts';
import { joinLines } from './render.ts';

/** `ip -batch` on the node. The link says whose it is before it carries anything. */
export function outerLines(instance: Remembered, bridge: string, mtu: number): string[] {
  const link = linkName(instance.instanceId);
  const netns = netnsName(instance.instanceId);
  const names = printOtherNames(instance);
  return [
    `netns add ${netns}`,
    `link add name ${link} mtu ${mtu} type veth peer name eth0 mtu ${mtu} address ${macOf(bare(instance.ipv4))} netns ${netns}`,
    ...(names.length > 0 ? [`link property add dev ${link} ${names.map((name) => `altname ${name}`).join(' ')}`] : []),
    // A port of a bridge needs no address of its own.
    `link set dev ${link} alias "${printAlias(instance)}" addrgenmode none`,
    ...joinLines(link, bridge),
  ];
}

/**
 * `ip -batch` inside the namespace. Repeating it restores what a runtime removed and changes nothing else.
 * The instance has nobody beside it on its wire but the gateway, so that its neighbours too are reached by our rules.
 */
export function innerLines({ ipv4, ipv6 }: Remembered): string[] {
  const [four, six] = [bare(rangeOf(ipv4).gateway), bare(rangeOf(ipv6).gateway)];
  return [
    'link set dev lo up',
    'link set dev eth0 up',
    `address replace ${bare(ipv4)}/32 dev eth0`,
    `address replace ${bare(ipv6)}/128 dev eth0 nodad`,
    `route replace ${four} dev eth0 scope link`,
    `route replace default via ${four} dev eth0`,
    `route replace ${six} dev eth0`,
    `route replace default via ${six} dev eth0`,
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
