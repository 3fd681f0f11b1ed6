import { z } from 'zod';
import { patterned, record, text } from './fields.ts';
import { shown } from './shorten.ts';
import { fault } from './violation.ts';

/** Storage that a CSI driver of the node mounts into the instance. */
export const volumeSchema = record({
  /** Required, immutable. Name of the volume at its driver. */
  volume_id: text('Name of the volume at its driver. Required. Immutable.').min(1, { error: fault('is empty', 'name the volume') }),
  /** Required, immutable. Driver, e.g. `csi.oakestra.io/hostpath`; only nodes that have it are candidates. */
  csi_driver: text('CSI driver, for example csi.oakestra.io/hostpath. Required. Immutable.').min(1, { error: fault('is empty', 'name the CSI driver') }),
  /** Optional, mutable. Absolute path inside the instance. */
  mount_path: patterned('Absolute path inside the instance. Optional. Mutable.', /^\/[^\0]*$/, 'an absolute path', () => 'start the path with "/"').optional(),
  /** Optional, mutable. Passed to the driver as it is: text to text. */
  config: z.record(z.string(), text('A setting of the driver.'), { error: ({ input }) => fault(`must be an object of texts, is ${shown(input)}`, 'give an object in braces: { "key": "value" }') })
    .describe('Settings for the driver, text to text. Optional. Mutable.').optional(),
}, 'a volume');

export type Volume = z.output<typeof volumeSchema>;
