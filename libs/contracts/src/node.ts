import { z } from 'zod';
import { assignmentSchema, positionSchema } from './assignment.ts';
import { epochSchema, textSchema } from './names.ts';
import { heartbeatSchema, nodeReportSchema } from './report.ts';
import { resourcesSchema } from './resources.ts';
import { runtimeStatusSchema } from './runtimes.ts';

export const nodeDescriptionSchema = z.object({
  hostname: z.string().max(255),
  /** OCI's names: amd64, arm64, ... */
  arch: z.string().max(16),
  kernel: textSchema,
  version: textSchema,
  /** Where other machines reach this one. */
  address: z.string().max(64).optional(),
  total: resourcesSchema,
  csiDrivers: z.array(z.string().max(128)).max(64),
  addons: z.array(z.string().max(128)).max(64),
  labels: z.record(z.string().max(128), z.string().max(256)),
  /** Its operator lets privileged workloads in. Absent: no. */
  allowsPrivileged: z.boolean().optional(),
});
export type NodeDescription = z.infer<typeof nodeDescriptionSchema>;

const fingerprint = z.object({ epoch: epochSchema, sequence: z.int().nonnegative(), description: nodeDescriptionSchema, runtimes: z.array(runtimeStatusSchema).max(64) });
export type Fingerprint = z.infer<typeof fingerprint>;

/** node -> cluster, on start and on every reconnect: who I am. The reply carries all that the node shall run. */
export const nodeRegister = {
  subject: 'cluster.*.node.*.register',
  payload: fingerprint.extend({ position: positionSchema.optional() }),
  reply: z.object({ heartbeatMs: z.int().positive(), assignment: assignmentSchema }),
} as const;

/** node -> cluster: a runtime came, went or changed its health. */
export const nodeFingerprint = { subject: 'cluster.*.node.*.fingerprint', payload: fingerprint } as const;
/** node -> cluster: I am alive and stand at this assignment. */
export const nodeHeartbeat = { subject: 'cluster.*.node.*.heartbeat', payload: heartbeatSchema } as const;
/** node -> cluster: instances changed, or (complete) this is all I have. */
export const nodeReport = { subject: 'cluster.*.node.*.report', payload: nodeReportSchema } as const;

/** cluster -> node: run these. A hint: the node asks again by `register` when a link of the chain is missing. */
export const nodeAssignment = { subject: 'cluster.*.node.*.assignment', payload: assignmentSchema } as const;
/** cluster -> node: say who you are again, e.g. because the cluster lost its memory. */
export const nodeResync = { subject: 'cluster.*.node.*.resync', payload: z.object({ reason: textSchema }) } as const;
