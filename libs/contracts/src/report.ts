import { z } from 'zod';
import { epochSchema, idSchema, nameSchema, pageSchema, revisionSchema, textSchema, timeSchema } from './names.ts';
import { explanationSchema } from './explanation.ts';
import { virtualizationSchema } from './runtimes.ts';
import { tunnelSchema } from './network.ts';
import { instanceStatusSchema } from './status.ts';

/** Full status of one instance: the latest wins, nothing is a difference. */
export const instanceReportSchema = z.object({
  id: idSchema,
  attempt: z.int().nonnegative(),
  status: instanceStatusSchema,
  /** For people: what happens, what went wrong, when the next try is. */
  detail: textSchema,
  /** False: it runs and does not answer yet, or no more; it takes no calls. Absent: nobody asks whether it answers. */
  ready: z.boolean().optional(),
  virtualization: virtualizationSchema.optional(),
  route: textSchema.optional(),
  ipv4: z.ipv4().optional(),
  ipv6: z.ipv6().optional(),
  startedAtMs: timeSchema.optional(),
  exitCode: z.int().optional(),
  /** Restarts since the node took the instance. */
  restarts: z.int().nonnegative(),
  /** Milliseconds spent in each phase of the start, e.g. `prepare`, `attach`, `create`. */
  phasesMs: z.record(z.string().max(32), z.number().nonnegative()).optional(),
});
export type InstanceReport = z.infer<typeof instanceReportSchema>;

/** What a cluster adds to a node's report. */
export const placedReportSchema = instanceReportSchema.extend({
  node: nameSchema.optional(),
  host: z.string().max(64).optional(),
  /** Where the tunnel of its node ends, once it has a node. */
  tunnel: tunnelSchema.optional(),
  explanation: explanationSchema.optional(),
});
export type PlacedReport = z.infer<typeof placedReportSchema>;

const head = {
  epoch: epochSchema,
  /** Counts up within an epoch; an older one is dropped. */
  sequence: z.int().nonnegative(),
  /** `complete`: everything that the sender has. `changed`: only what changed since the sequence before. */
  kind: z.enum(['complete', 'changed']),
  /** Of a complete report. Each page has a sequence of its own, one after the other. */
  page: pageSchema.optional(),
  position: z.object({ epoch: epochSchema, revision: revisionSchema }),
};
export const nodeReportSchema = z.object({ ...head, instances: z.array(instanceReportSchema).max(5_000) });
export type NodeReport = z.infer<typeof nodeReportSchema>;
export const clusterReportSchema = z.object({ ...head, instances: z.array(placedReportSchema).max(5_000) });
export type ClusterReport = z.infer<typeof clusterReportSchema>;

/** Sign of life. Short names: it is most of the idle traffic. e = epoch, s = sequence, a = [epoch, revision] of the assignment. */
export const heartbeatSchema = z.object({
  e: epochSchema, s: z.int().nonnegative(), a: z.tuple([epochSchema, revisionSchema]),
  /** Where the sender stands in the receiver's routes. */
  r: z.tuple([epochSchema, revisionSchema]).optional(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;
