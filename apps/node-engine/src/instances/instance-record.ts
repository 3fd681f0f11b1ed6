import { instanceReportSchema, instanceSpecSchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** An instance that the cluster gave to this node; the id of the document is the instance's. Survives a reboot, cluster or not. */
export const instanceRecordSchema = z.object({
  spec: instanceSpecSchema,
  desired: z.enum(['run', 'gone']),
  /** Ends in a row without a healthy run between. */
  failures: z.int().nonnegative(),
  report: instanceReportSchema,
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;
export const instancesCollection: CollectionDefinition<InstanceRecord> = { name: 'instances', parse: (input) => instanceRecordSchema.parse(input) };
