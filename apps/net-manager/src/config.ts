import { parseAddress } from '@oak/addressing';
import { tunnelPort } from '@oak/net-api';
import { defaultStateDir } from '@oak/process';
import { z } from 'zod';
import { linkPrefix, wireguardPrefix } from './datapath/names.ts';
import { encryptionModes } from './encryption/probe-encryption.ts';
import { parseSubnetPair } from './routes/parse-subnet-pair.ts';

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
  /** UDP port on which packets of other nodes arrive. */
  OAK_TUNNEL_PORT: z.coerce.number().int().min(1).max(65_535).default(tunnelPort.hostPort),
  /** Where other nodes reach that port, when it is not the address that this node is known by. */
  OAK_TUNNEL_HOST: z.string().refine((text) => parseAddress(text) !== undefined, 'expected an address, e.g. 203.0.113.7').optional(),
  /** Whether packets between nodes go through WireGuard: where both ends can, never, or only so. */
  OAK_ENCRYPTION: z.enum(encryptionModes).default('auto'),
  /** UDP port of WireGuard, the same on all nodes that call each other first. */
  OAK_WIREGUARD_PORT: z.coerce.number().int().min(1).max(65_535).default(51_820),
  /** Its link. Two nodes on one machine need two names, for wireguard-go listens at a path of that name. */
  OAK_WIREGUARD_DEVICE: z.string().regex(/^oakwg[a-z0-9]{0,10}$/, 'expected oakwg and up to 10 of a-z and 0-9').default(wireguardPrefix),
  /** Bytes of an instance's largest packet; by default what the machine's links leave, 1450 for 1500, with encryption 1370. */
  OAK_OVERLAY_MTU: z.coerce.number().int().min(1280).max(65_485).optional(),
  /** How long connections to an instance that left its service may go on. */
  OAK_GRACE_MS: z.coerce.number().int().min(0).max(3_600_000).default(2000),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
}).refine((config) => config.OAK_NODE_SUBNET !== undefined || config.OAK_CLUSTER_CREDENTIALS !== undefined, {
  path: ['OAK_CLUSTER_CREDENTIALS'], message: 'expected the path of this node\'s credentials, or OAK_NODE_SUBNET for a node without a cluster',
});
export type Config = z.infer<typeof configSchema>;
