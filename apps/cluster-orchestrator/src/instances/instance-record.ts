import { explanationSchema, instanceReportSchema, instanceSpecSchema, nameSchema, type PlacedReport } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** An instance that root gave to this cluster; the id of the document is the instance's. */
export const instanceRecordSchema = z.object({
  spec: instanceSpecSchema,
  desired: z.enum(['run', 'gone']),
  /** Who has it; kept until another one gets it. */
  node: nameSchema.optional(),
  /** Address of that node's machine. */
  host: z.string().optional(),
  /** The latest that is known; before a node speaks, what the cluster itself says. */
  report: instanceReportSchema,
  explanation: explanationSchema.optional(),
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

export const instancesCollection: CollectionDefinition<InstanceRecord> = {
  name: 'instances', parse: (input) => instanceRecordSchema.parse(input), indexes: [{ name: 'node', paths: ['node'] }],
};

export function placedReport({ report, node, host, explanation }: InstanceRecord): PlacedReport {
  return { ...report, ...(node && { node }), ...(host && { host }), ...(explanation && { explanation }) };
}
