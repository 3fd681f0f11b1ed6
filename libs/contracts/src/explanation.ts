import { z } from 'zod';

const text = z.string().max(1000);
/** Why an instance was placed where it is, or nowhere. Bounded in size: it is stored with the instance. */
export const explanationSchema = z.object({
  evaluated: z.int().nonnegative(),
  /** Who was refused, by reason code, most frequent first. */
  filtered: z.array(z.object({ reason: z.string().max(64), count: z.int(), text, examples: z.array(z.string().max(128)).max(3) })).max(32),
  /** What ran short, per resource. */
  exhausted: z.array(z.object({ resource: z.string().max(64), needed: z.number(), bestHad: z.number(), count: z.int() })).max(8),
  /** The best candidates with their scores in [0,1]. */
  top: z.array(z.object({ id: z.string().max(128), name: z.string().max(128), score: z.number(), scores: z.record(z.string(), z.number()) })).max(5),
  /** False: the search stopped early, so `exhausted` does not count every candidate. */
  complete: z.boolean(),
  summary: text,
});
export type PlacementExplanation = z.infer<typeof explanationSchema>;

/** One candidate's answer to "would you take it?". */
export const verdictSchema = z.object({
  id: z.string().max(128), name: z.string().max(128), fits: z.boolean(),
  reason: z.string().max(64).optional(), text: text.optional(), score: z.number().optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;
