import { microserviceSchema } from '@oak/sla';
import { z } from 'zod';
import { epochSchema, idSchema, pageSchema, revisionSchema, textSchema } from './names.ts';
import { instanceNetworkSchema } from './network.ts';

/** One instance that the receiver shall run. Immutable but for `attempt`. */
export const instanceSpecSchema = z.object({
  id: idSchema,
  serviceId: idSchema,
  applicationId: idSchema,
  instanceNumber: z.int().nonnegative(),
  /** `<application>.<namespace>.<microservice>.<namespace>`, Oakestra's `job_name`. */
  name: z.string().max(130),
  /** Attempts count up over the whole life of the instance; the receiver starts at this one. */
  attempt: z.int().nonnegative(),
  microservice: microserviceSchema,
  /** Absent: given by a sender that knows no overlay. */
  network: instanceNetworkSchema.optional(),
});
export type InstanceSpec = z.infer<typeof instanceSpecSchema>;

const withdrawal = z.object({ id: idSchema, reason: textSchema.optional() });
const head = { epoch: epochSchema, revision: revisionSchema };

/**
 * What the receiver shall run, as a COMPLETE set or as a change chained to the revision before.
 * A receiver that does not stand at `basedOn` of this epoch asks for the complete set.
 */
export const assignmentSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('complete'), ...head, instances: z.array(instanceSpecSchema).max(20_000), page: pageSchema.optional() }),
  z.object({
    kind: z.literal('incremental'), ...head, basedOn: revisionSchema,
    assign: z.array(instanceSpecSchema).max(5_000), withdraw: z.array(withdrawal).max(20_000),
  }),
]);
export type Assignment = z.infer<typeof assignmentSchema>;
export type CompleteAssignment = Extract<Assignment, { kind: 'complete' }>;

/** Where a receiver stands. */
export const positionSchema = z.object({ epoch: epochSchema, revision: revisionSchema });
export type Position = z.infer<typeof positionSchema>;
