import { z } from 'zod';
import type { Items } from '../overlay/claims.ts';
import { item } from './items.ts';
import type { Kernel, Link, Tunnel } from './kernel.ts';
import { isOurTable, markOf, rulePriority } from './marks.ts';
import { linkPrefix, tunnelPrefix, tunnels } from './names.ts';
import { readRemembered } from './remembered.ts';

const linkSchema = z.object({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  address: z.string().optional(),
  master: z.string().optional(),
  ifalias: z.string().optional(),
  altnames: z.array(z.string()).default([]),
  linkinfo: z.object({
    info_kind: z.string().optional(), info_data: z.object({ port: z.number().optional() }).optional(), info_slave_data: z.object({ hairpin: z.boolean().optional() }).optional(),
  }).optional(),
  addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number().optional(), scope: z.string().optional() })).default([]),
});
type RawLink = z.infer<typeof linkSchema>;

/** Output of `ip -j -d address show`. @throws ZodError when this is not it */
export function readLinks(json: unknown, bridgeName: string): Pick<Kernel, 'bridge' | 'links' | 'tunnels'> {
  const all = z.array(z.unknown()).parse(json).filter((link) => !isEmpty(link)).map((link) => linkSchema.parse(link));
  const bridge = all.find(({ ifname }) => ifname === bridgeName);
  return {
    bridge: bridge && { up: isUp(bridge), mtu: bridge.mtu, addresses: bridge.addr_info.filter(({ scope }) => scope === 'global').map(({ local, prefixlen }) => `${local}/${prefixlen}`) },
    links: all.filter(({ ifname }) => ifname.startsWith(linkPrefix) && !ifname.startsWith(tunnelPrefix)).map(readLink),
    tunnels: new Map(all.filter(({ ifname }) => Object.values<string>(tunnels).includes(ifname)).map((link) => [link.ifname, readTunnel(link)])),
  };
}

function readLink(link: RawLink): Link {
  return {
    name: link.ifname, up: isUp(link), master: link.master, hairpin: link.linkinfo?.info_slave_data?.hairpin ?? false,
    remembered: readRemembered(link.ifalias ?? '', link.altnames),
  };
}

/** One that is no tunnel at all has port 0, which none of ours has. */
function readTunnel(link: RawLink): Tunnel {
  return { up: isUp(link), mtu: link.mtu, mac: link.address ?? '', addresses: link.addr_info.filter(({ local }) => local?.startsWith('fe80:') === false).map(({ local, prefixlen }) => `${local}/${prefixlen}`), port: link.linkinfo?.info_kind === 'vxlan' ? link.linkinfo.info_data?.port ?? 0 : 0 };
}

const isUp = ({ flags }: RawLink): boolean => flags.includes('UP');
/** iproute2 prints `{}` for what its filters hide. */
const isEmpty = (link: unknown): boolean => typeof link === 'object' && link !== null && Object.keys(link).length === 0;

const neighbourSchema = z.array(z.object({ dst: z.string(), lladdr: z.string().optional(), state: z.array(z.string()).default([]) }));
/** Output of `ip -j neighbour show dev <link> nud permanent`. */
export function readNeighbours(json: unknown, link: string): Items {
  return new Map(neighbourSchema.parse(json).filter(({ state, lladdr }) => state.includes('PERMANENT') && lladdr).map(({ dst, lladdr = '' }) => [item.neighbour(link, dst), lladdr]));
}

const endpointSchema = z.array(z.object({ mac: z.string(), dst: z.string().optional(), port: z.number().optional() }));
/** Output of `bridge -j fdb show dev <tunnel>`. The usual port is left out. */
export function readEndpoints(json: unknown, link: string, usualPort: number): Items {
  return new Map(endpointSchema.parse(json).filter(({ dst }) => dst !== undefined).map(({ mac, dst = '', port = usualPort }) => [item.endpoint(link, mac), `${dst} ${port}`]));
}

const routeSchema = z.array(z.object({ dst: z.string(), gateway: z.string().optional(), dev: z.string().optional(), prefsrc: z.string().optional(), table: z.string().optional() }));
/** Output of `ip -j route show table all proto <ours>` of one family. */
export function readRoutes(json: unknown, family: 4 | 6): Items {
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  return new Map(routeSchema.parse(json).map(({ dst, gateway = '', dev = '', prefsrc = '', table = 'main' }) => [item.route(table, dst === 'default' ? all : dst), `${gateway} ${dev} ${prefsrc}`]));
}

const ruleSchema = z.array(z.object({ priority: z.number(), fwmark: z.string().optional(), table: z.string().optional(), iif: z.string().optional(), goto: z.number().optional(), nop: z.unknown().optional() }));
/** Output of `ip -j rule show` of one family. */
export function readRules(json: unknown, family: 4 | 6): { readonly guarded: boolean; readonly items: Items } {
  const rules = ruleSchema.parse(json);
  const ours = rules.filter(({ priority, table }) => priority === rulePriority.lookup && table !== undefined && isOurTable(table));
  return {
    guarded: rules.some((rule) => rule.priority === rulePriority.guard && rule.goto === rulePriority.end) && rules.some((rule) => rule.priority === rulePriority.end && 'nop' in rule),
    items: new Map(ours.map(({ fwmark = '0', iif = '' }) => [item.lookup(family, numberOfMark(fwmark), iif), ''])),
  };
}

function numberOfMark(text: string): number {
  return Math.floor(Number(text) / Number(markOf(1)));
}
