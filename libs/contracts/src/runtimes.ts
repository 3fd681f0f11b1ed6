import { z } from 'zod';
import { textSchema, timeSchema } from './names.ts';

/** Virtualizations are data: any handler's name. */
export const virtualizationSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);

export const capabilitiesSchema = z.object({
  exec: z.boolean(), console: z.boolean(), volumes: z.boolean(), environment: z.boolean(), gpu: z.boolean(),
  ipv6: z.boolean(), limits: z.boolean(), stats: z.boolean(), pause: z.boolean(), privileged: z.boolean(),
});

/** One runtime of a node, as its last probe left it. */
export const runtimeStatusSchema = z.object({
  virtualization: virtualizationSchema,
  /** The probe's workload ran. Only these take instances. */
  healthy: z.boolean(),
  /** Why not; required when not healthy. */
  reason: textSchema.optional(),
  /** How it is launched, e.g. `io.containerd.runc.v2, binary runsc`. */
  route: textSchema,
  version: textSchema.optional(),
  /** `docker` and `container` mean this one. */
  isDefault: z.boolean().optional(),
  capabilities: capabilitiesSchema,
  probedAtMs: timeSchema,
  probeMs: z.number().nonnegative().optional(),
});
export type RuntimeStatus = z.infer<typeof runtimeStatusSchema>;
