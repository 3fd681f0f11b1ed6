import type { CollectionDefinition } from '@oak/store';
import { z } from 'zod';

/** A request that somebody named by an Idempotency-Key; the id of the document is a digest of who, what and key. */
export const idempotencyRecordSchema = z.object({
  /** Digest of the body that it came with. */
  body: z.string(),
  /** Absent: it is under way, or its root ended meanwhile. */
  answer: z.object({ status: z.int(), text: z.string() }).optional(),
  atMs: z.number(),
});
export type IdempotencyRecord = z.infer<typeof idempotencyRecordSchema>;
export const idempotencyCollection: CollectionDefinition<IdempotencyRecord> = { name: 'idempotency', parse: (input) => idempotencyRecordSchema.parse(input) };
