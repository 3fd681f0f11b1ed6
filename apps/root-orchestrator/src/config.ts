import { defaultStateDir, listenSchema, millisecondsSchema } from '@oak/process';
import { z } from 'zod';
import { defaultNodeRanges, defaultServiceRanges, nodePlanSchema, overlapOf, servicePlanSchema } from './network/ranges.ts';

const originsSchema = z.string().transform((text) => text.split(',').map((one) => one.trim()).filter((one) => one !== '')).superRefine((origins, context) => {
  for (const origin of origins) if (!URL.canParse(origin) || new URL(origin).origin !== origin) context.addIssue({ code: 'custom', message: `${origin}: expected an origin, e.g. https://oak.example, without a path` });
});

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
  /** Ranges that are cut into the nodes' subnets: any of IPv4, and one of IPv6 (a /64). Best an unused private range of your own. Not to be changed once nodes have joined. */
  OAK_NODE_RANGES: nodePlanSchema.prefault(defaultNodeRanges),
  /** Ranges of service and instance addresses: one of IPv4 and one of IPv6. */
  OAK_SERVICE_RANGES: servicePlanSchema.prefault(defaultServiceRanges),
  /** Origins of web pages that may ask, e.g. `https://oak.example,http://localhost:4200`. Empty: none. */
  OAK_CORS_ORIGINS: originsSchema.prefault(''),
  /** Of passwords that are chosen from now on. */
  OAK_PASSWORD_MIN_LENGTH: z.coerce.number().int().min(1).max(1_024).default(8),
  /** A program of yours that mails reset tokens: it gets { username, email, token, expires_at } by POST. Empty: an Admin hands them out. */
  OAK_PASSWORD_RESET_HOOK: z.union([z.literal('').transform(() => undefined), z.url({ protocol: /^https?$/ })]).prefault(''),
  /** Tokens are signed with a new key after so many days. */
  OAK_TOKEN_KEY_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  OAK_LOG_LEVEL: z.enum(['debug', 'log', 'warn', 'error']).default('log'),
}).refine((config) => config.OAK_CLUSTER_SILENT_AFTER_MS <= config.OAK_CLUSTER_LOST_AFTER_MS, {
  path: ['OAK_CLUSTER_LOST_AFTER_MS'], message: 'expected at least OAK_CLUSTER_SILENT_AFTER_MS: a cluster is silent before it is lost',
}).superRefine((config, context) => {
  const fault = overlapOf(config.OAK_NODE_RANGES, config.OAK_SERVICE_RANGES);
  if (fault !== undefined) context.addIssue({ code: 'custom', path: ['OAK_SERVICE_RANGES'], message: fault });
});
export type Config = z.infer<typeof configSchema>;
