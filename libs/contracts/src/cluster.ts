import { microserviceSchema } from '@oak/sla';
import { z } from 'zod';
import { assignmentSchema, positionSchema } from './assignment.ts';
import { explanationSchema, verdictSchema } from './explanation.ts';
import { epochSchema, idSchema, nameSchema, textSchema, timeSchema } from './names.ts';
import { nodeDescriptionSchema } from './node.ts';
import { clusterReportSchema, heartbeatSchema } from './report.ts';
import { resourcesSchema } from './resources.ts';
import { runtimeStatusSchema, virtualizationSchema } from './runtimes.ts';
import { instanceStatusSchema } from './status.ts';

/** One virtualization over all nodes of a cluster. */
export const runtimeHealthSchema = z.object({
  virtualization: virtualizationSchema,
  healthy: z.int().nonnegative(),
  unhealthy: z.int().nonnegative(),
  /** Some reasons of the unhealthy ones, with the node's name. */
  reasons: z.array(z.object({ node: nameSchema, reason: textSchema })).max(5),
});

/** What the cluster can offer. Sent when it changed, and on a slow period. */
export const clusterSummarySchema = z.object({
  epoch: epochSchema,
  sequence: z.int().nonnegative(),
  location: z.string().max(256),
  nodes: z.object({ active: z.int().nonnegative(), unknown: z.int().nonnegative(), lost: z.int().nonnegative(), cordoned: z.int().nonnegative() }),
  total: resourcesSchema,
  free: resourcesSchema,
  runtimes: z.array(runtimeHealthSchema).max(64),
  /** What fits on a single node, per virtualization, architecture and whether it takes privileged workloads: no shape is covered by another one. A sum over nodes would promise what none can hold. */
  fits: z.array(z.object({
    virtualization: virtualizationSchema, arch: z.string().max(16), shapes: z.array(resourcesSchema).max(8),
    /** These nodes take privileged workloads too. Absent: no. */
    allowsPrivileged: z.boolean().optional(),
  })).max(256),
  csiDrivers: z.array(z.string().max(128)).max(256),
  addons: z.array(z.string().max(128)).max(256),
});
export type ClusterSummary = z.infer<typeof clusterSummarySchema>;

/** cluster -> root, on start and on every reconnect. The reply carries all that the cluster shall run. */
export const clusterRegister = {
  subject: 'root.cluster.*.register',
  payload: z.object({ summary: clusterSummarySchema, position: positionSchema.optional(), version: textSchema }),
  reply: z.object({ clusterId: idSchema, heartbeatMs: z.int().positive(), assignment: assignmentSchema }),
} as const;
/** cluster -> root: what I can offer changed. */
export const clusterSummary = { subject: 'root.cluster.*.summary', payload: clusterSummarySchema } as const;
/** cluster -> root: I am alive and stand at this assignment. */
export const clusterHeartbeat = { subject: 'root.cluster.*.heartbeat', payload: heartbeatSchema } as const;
/** cluster -> root: instances changed, or (complete) this is all I have. */
export const clusterReport = { subject: 'root.cluster.*.report', payload: clusterReportSchema } as const;

/** cluster -> root: none of my nodes can take it, it is yours again. Until the reply says so, the cluster keeps it and keeps looking. */
export const clusterHandBack = {
  subject: 'root.cluster.*.handback',
  payload: z.object({ id: idSchema, attempt: z.int().nonnegative(), status: instanceStatusSchema, explanation: explanationSchema }),
  reply: z.object({ accepted: z.boolean() }),
} as const;

/** root -> cluster: run these. */
export const clusterAssignment = { subject: 'cluster.*.assignment', payload: assignmentSchema } as const;
/** root -> cluster: say who you are again. */
export const clusterResync = { subject: 'cluster.*.resync', payload: z.object({ reason: textSchema }) } as const;

/** root -> cluster: who of your nodes would take this, and why not the others? Places nothing. */
export const clusterExplain = {
  subject: 'cluster.*.explain',
  payload: z.object({ microservice: microserviceSchema }),
  reply: z.object({ explanation: explanationSchema, nodes: z.array(verdictSchema).max(1_000), truncated: z.boolean() }),
} as const;

export const nodeStates = ['active', 'unknown', 'lost'] as const;
export const nodeViewSchema = z.object({
  name: nameSchema,
  state: z.enum(nodeStates),
  cordoned: z.boolean(),
  description: nodeDescriptionSchema,
  runtimes: z.array(runtimeStatusSchema).max(64),
  free: resourcesSchema,
  instances: z.int().nonnegative(),
  subnets: z.array(z.object({ v4: z.cidrv4(), v6: z.cidrv6() })).max(16),
  /** As its net-manager says; absent: it has not been heard yet. `problem`: why the node can not take part in the overlay. */
  overlay: z.object({ problem: textSchema.optional(), encryption: z.string().max(64) }).optional(),
  lastSeenAtMs: timeSchema.optional(),
});
export type NodeView = z.infer<typeof nodeViewSchema>;

/** root -> cluster: a page of your nodes, by name. */
export const clusterNodes = {
  subject: 'cluster.*.nodes',
  payload: z.object({ after: nameSchema.optional(), limit: z.int().positive().max(500) }),
  reply: z.object({ nodes: z.array(nodeViewSchema).max(500), next: nameSchema.optional() }),
} as const;

/** root -> cluster: this node of yours gets nothing new until it is opened again; what it has stays. Refused with 404 when you have no such node. */
export const clusterCordon = {
  subject: 'cluster.*.cordon',
  payload: z.object({ node: nameSchema, cordoned: z.boolean() }),
  reply: z.object({ node: nodeViewSchema }),
} as const;
