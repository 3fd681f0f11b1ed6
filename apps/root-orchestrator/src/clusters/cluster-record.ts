import { clusterSummarySchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** The id of the document is the cluster's; its name is its identity on the bus. */
export const clusterRecordSchema = z.object({
  name: z.string(),
  summary: clusterSummarySchema,
  version: z.string(),
  registeredAtMs: z.number(),
});
export type ClusterRecord = z.infer<typeof clusterRecordSchema>;

export const clustersCollection: CollectionDefinition<ClusterRecord> = {
  name: 'clusters', parse: (input) => clusterRecordSchema.parse(input), indexes: [{ name: 'name', paths: ['name'], unique: true }],
};
