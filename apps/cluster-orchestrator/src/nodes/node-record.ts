import { nodeDescriptionSchema, nodeStates, runtimeStatusSchema } from '@oak/contracts';
import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** What the cluster remembers of a node; the id of the document is the node's name. */
export const nodeRecordSchema = z.object({
  name: z.string(),
  /** Of the node's last registration. */
  epoch: z.int(),
  description: nodeDescriptionSchema,
  runtimes: z.array(runtimeStatusSchema),
  state: z.enum(nodeStates),
  cordoned: z.boolean(),
  registeredAtMs: z.number(),
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;
export const nodesCollection: CollectionDefinition<NodeRecord> = { name: 'nodes', parse: (input) => nodeRecordSchema.parse(input) };
