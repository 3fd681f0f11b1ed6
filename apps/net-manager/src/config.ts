import { defaultStateDir } from '@oak/process';
import { z } from 'zod';
import { linkPrefix } from './datapath/names.ts';
import { parseSubnetPair } from './subnet/parse-subnet-pair.ts';

const bridgeSchema = z.string().regex(/^[a-z][a-z0-9_-]{0,14}$/, 'expected 1 to 15 of a-z, 0-9, _ and -').refine((name) => !name.startsWith(linkPrefix), `must not begin with ${linkPrefix}, as the links of instances do`);

const subnetSchema = z.string().transform((text, context) => {
  const subnet = parseSubnetPair(text);
  if (typeof subnet !== 'string') return subnet;
  context.addIssue({ code: 'custom', message: subnet });
  return z.NEVER;
});

export const configSchema = z.object({
  /** Where node-engine reaches this process. */
  OAK_NET_SOCKET: z.string().startsWith('/').max(96).default('/run/oakestra/net.sock'),
  OAK_STATE_DIR: z.string().default(defaultStateDir('net-manager')),
  OAK_BRIDGE: bridgeSchema.default('oak0'),
  /** The bus of the cluster, e.g. `nats://cluster.example:4223`. */
  OAK_CLUSTER_BUS: z.string().default('nats://127.0.0.1:4223'),
  /** Credentials as `cluster-orchestrator credentials node NAME` prints them; they say which cluster and node this is. */
  OAK_CLUSTER_CREDENTIALS: z.string().optional(),
  /** For a node without a cluster: its own ranges, e.g. `10.18.0.0/26,fc00::/120`. */
  OAK_NODE_SUBNET: subnetSchema.optional(),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
}).refine((config) => config.OAK_NODE_SUBNET !== undefined || config.OAK_CLUSTER_CREDENTIALS !== undefined, {
  path: ['OAK_CLUSTER_CREDENTIALS'], message: 'expected the path of this node\'s credentials, or OAK_NODE_SUBNET for a node without a cluster',
});
export type Config = z.infer<typeof configSchema>;
