import type { InstanceCounter } from '@oak/net-api';
import { z } from 'zod';
import { counterName } from '../datapath/chains.ts';
import { linkName } from '../datapath/names.ts';

/** Packets by counter: connections by the id of the service. Translation sees only the first packet of each. */
export function connectionsOf(counters: ReadonlyMap<string, number>): Map<string, number> {
  const prefix = counterName('');
  return new Map([...counters].flatMap(([name, packets]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), packets] as const] : [])));
}

const sideSchema = z.object({ bytes: z.number(), packets: z.number(), dropped: z.number() });
const statisticsSchema = z.array(z.object({ ifname: z.string().optional(), stats64: z.object({ rx: sideSchema, tx: sideSchema }).optional() }));

/** Output of `ip -j -s link show`. What the node's end sent the instance has received. */
export function readTraffic(json: unknown, instanceIds: readonly string[]): InstanceCounter[] {
  const links = new Map(statisticsSchema.parse(json).flatMap(({ ifname, stats64 }) => (ifname !== undefined && stats64 ? [[ifname, stats64] as const] : [])));
  return instanceIds.flatMap((instanceId) => {
    const link = links.get(linkName(instanceId));
    if (!link) return [];
    const { rx, tx } = link;
    return [{ instanceId, rxBytes: tx.bytes, txBytes: rx.bytes, rxPackets: tx.packets, txPackets: rx.packets, drops: rx.dropped + tx.dropped }];
  });
}
