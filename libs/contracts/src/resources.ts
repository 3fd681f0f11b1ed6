import { z } from 'zod';

const amount = z.number().nonnegative().max(1e12);
/** vcpus in cores (fractions allowed), memory and storage in MiB, vgpus in devices. */
export const resourcesSchema = z.object({ vcpus: amount, memoryMiB: amount, storageMiB: amount, vgpus: amount });
export type Resources = z.infer<typeof resourcesSchema>;
