import { explanationSchema, instanceStatusSchema, nameSchema, placedReportSchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A cluster that gave an instance back: it is not asked again until what it offers has changed. */
const refusalSchema = z.object({ cluster: nameSchema, text: z.string(), /** What it offered then. */ offer: z.string() });
export type Refusal = z.infer<typeof refusalSchema>;

/** An instance of a microservice, as root knows it; the id of the document is the instance's. */
export const instanceRecordSchema = z.object({
  serviceId: z.string(),
  applicationId: z.string(),
  number: z.int().nonnegative(),
  /** Instance IPs: the same wherever it runs. Absent: none was left yet. */
  addresses: z.object({ ipv4: z.ipv4(), ipv6: z.ipv6() }).optional(),
  /** Of the service, that it runs. */
  version: z.int().positive().default(1),
  /** The instance of another version whose place it takes when it answers. */
  replaces: z.string().optional(),
  desired: z.enum(['run', 'gone']),
  status: instanceStatusSchema,
  detail: z.string(),
  attempt: z.int().nonnegative(),
  /** Who has it. */
  cluster: nameSchema.optional(),
  /** How many had left that cluster when it got it. */
  departures: z.int().nonnegative().optional(),
  /** The latest word of that cluster. */
  report: placedReportSchema.optional(),
  /** Root's own decision: which cluster, and why not the others. */
  explanation: explanationSchema.optional(),
  refusals: z.array(refusalSchema).max(256),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

/** It runs, and answers as far as anybody asks. */
export function isReady({ status, report }: Pick<InstanceRecord, 'status' | 'report'>): boolean {
  return status === 'RUNNING' && report?.ready !== false;
}

export const instancesCollection: CollectionDefinition<InstanceRecord> = {
  name: 'instances', parse: (input) => instanceRecordSchema.parse(input),
  indexes: [
    { name: 'number', paths: ['serviceId', 'number'], unique: true },
    { name: 'application', paths: ['applicationId'] },
    { name: 'cluster', paths: ['cluster'] },
    { name: 'status', paths: ['status'] },
  ],
};
