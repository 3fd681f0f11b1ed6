import { z } from 'zod';
import { linkPrefix, wireguardPrefix } from './names.ts';

/** What a packet of the tunnel needs around an instance's packet: outer IPv4, UDP, VXLAN, inner Ethernet. */
export const plainOverhead = 50;
const usual = 1500;
const least = 1280;

const linksSchema = z.array(z.object({ ifname: z.string(), mtu: z.number(), flags: z.array(z.string()) }));
const routesSchema = z.array(z.object({ dev: z.string().optional() }));

/** Bytes that a packet of an instance may have. From the link of the default route, else from the smallest one that is up. */
export function overlayMtu(links: unknown, defaultRoutes: unknown, bridge: string, overhead = plainOverhead): number {
  const up = linksSchema.parse(links).filter(({ ifname, flags }) => flags.includes('UP') && !flags.includes('LOOPBACK') && ifname !== bridge && !ifname.startsWith(linkPrefix) && !ifname.startsWith(wireguardPrefix));
  const [route] = routesSchema.parse(defaultRoutes);
  const underlay = up.find(({ ifname }) => ifname === route?.dev)?.mtu ?? Math.min(usual, ...up.map(({ mtu }) => mtu));
  return Math.max(least, underlay - overhead);
}
