import { z } from 'zod';

/** Oakestra's words, kept as they are: clients branch on them. What may follow what is in `@oak/instance`. */
export const instanceStatuses = [
  'REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED',
  'TargetClusterNotFound', 'TargetClusterNotActive', 'TargetClusterNoCapacity', 'NoActiveClusterWithCapacity',
  'NO_WORKER_CAPACITY', 'NO_QUALIFIED_WORKER_FOUND', 'NO_NODE_FOUND',
  'CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED', 'UNDEPLOYED',
] as const;
export const instanceStatusSchema = z.enum(instanceStatuses);
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;
