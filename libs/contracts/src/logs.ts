import { z } from 'zod';
import { idSchema } from './names.ts';

const logLineSchema = z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string().max(65_536) });
export type LogLine = z.infer<typeof logLineSchema>;

const question = z.object({
  id: idSchema,
  /** From the answer before; absent: from the beginning, or from the last `tail` lines of each stream. */
  session: z.string().max(64).optional(),
  tail: z.int().nonnegative().max(10_000).optional(),
  /** True: wait for more while the instance runs. */
  follow: z.boolean(),
});
export type LogQuestion = z.infer<typeof question>;

const answer = z.object({
  /** To be asked with again within 15 s; absent: there is no more. */
  session: z.string().max(64).optional(),
  lines: z.array(logLineSchema).max(2_000),
});
export type LogAnswer = z.infer<typeof answer>;

/** cluster -> node: the next lines of an instance's output. Waits up to two seconds for one. Rejected 404: no such instance; 410: that session has ended. */
export const nodeLogs = { subject: 'cluster.*.node.*.logs', payload: question, reply: answer } as const;
/** root -> cluster: the same, of one of your nodes. */
export const clusterLogs = { ...nodeLogs, subject: 'cluster.*.logs' } as const;
