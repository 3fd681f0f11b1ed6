import { hostname } from 'node:os';
import { nameSchema } from '@oak/contracts';
import { defaultStateDir, listenSchema, millisecondsSchema } from '@oak/process';
import { z } from 'zod';

export const configSchema = z.object({
  /** One token of every subject: the cluster's identity. */
  OAK_CLUSTER_NAME: nameSchema.default(hostname().replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 63)),
  /** Free text or `latitude,longitude,radius`; shown at root. */
  OAK_CLUSTER_LOCATION: z.string().max(256).default('unknown'),
  OAK_STATE_DIR: z.string().default(defaultStateDir('cluster-orchestrator')),
  /** Health and metrics only. */
  OAK_HTTP_LISTEN: listenSchema.prefault('127.0.0.1:10100'),
  /** Where this cluster's nats-server takes its nodes. */
  OAK_BUS_LISTEN: listenSchema.prefault('127.0.0.1:4223'),
  /** Root's hub for leaf nodes, e.g. `nats-leaf://root.example:7422`. Without it the cluster works alone. */
  OAK_ROOT_LEAF_URL: z.string().optional(),
  /** The uplink's credentials, as `root-orchestrator credentials cluster NAME` prints them. */
  OAK_ROOT_CREDENTIALS: z.string().optional(),
  /** A sign of life of each node; shorter finds a loss sooner and costs bytes: about 170 bytes each on the wire. */
  OAK_HEARTBEAT_MS: millisecondsSchema.prefault('1500'),
  /** Silence until a node is `unknown`: it gets nothing new. */
  OAK_UNKNOWN_AFTER_MS: millisecondsSchema.prefault('3500'),
  /** Silence until a node is `lost`: its instances are placed again. */
  OAK_LOST_AFTER_MS: millisecondsSchema.prefault('5000'),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
}).refine((config) => config.OAK_HEARTBEAT_MS * 2 <= config.OAK_UNKNOWN_AFTER_MS && config.OAK_UNKNOWN_AFTER_MS <= config.OAK_LOST_AFTER_MS, {
  path: ['OAK_UNKNOWN_AFTER_MS'], message: 'expected 2 x OAK_HEARTBEAT_MS <= OAK_UNKNOWN_AFTER_MS <= OAK_LOST_AFTER_MS, else one late message looks like a loss',
});
export type Config = z.infer<typeof configSchema>;
