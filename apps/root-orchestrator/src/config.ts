import { defaultStateDir, listenSchema, millisecondsSchema } from '@oak/process';
import { z } from 'zod';

export const configSchema = z.object({
  OAK_STATE_DIR: z.string().default(defaultStateDir('root-orchestrator')),
  /** REST. Plain HTTP, so on loopback unless an operator opens it. */
  OAK_HTTP_LISTEN: listenSchema.prefault('127.0.0.1:10000'),
  /** The hub's port for this process. */
  OAK_BUS_LISTEN: listenSchema.prefault('127.0.0.1:4222'),
  /** The hub's port for the clusters' leaf nodes. */
  OAK_LEAF_LISTEN: listenSchema.prefault('127.0.0.1:7422'),
  /** Silence until a cluster is not active; it gets nothing new then. */
  OAK_CLUSTER_SILENT_AFTER_MS: millisecondsSchema.prefault('15000'),
  /** Silence until a cluster is lost: its instances are placed in other clusters. */
  OAK_CLUSTER_LOST_AFTER_MS: millisecondsSchema.prefault('60000'),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
}).refine((config) => config.OAK_CLUSTER_SILENT_AFTER_MS <= config.OAK_CLUSTER_LOST_AFTER_MS, {
  path: ['OAK_CLUSTER_LOST_AFTER_MS'], message: 'expected at least OAK_CLUSTER_SILENT_AFTER_MS: a cluster is silent before it is lost',
});
export type Config = z.infer<typeof configSchema>;
