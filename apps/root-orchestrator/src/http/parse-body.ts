import { z } from 'zod';
import { Problem } from './problem.ts';

/** @throws Problem 422 that names every fault */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({ path: z.core.toDotPath(path), message }));
  throw new Problem(422, 'Invalid request', faults.map(({ path, message }) => `${path || 'body'}: ${message}`).join('; '), faults);
}

/** For the OpenAPI document. */
export function schemaOf(schema: z.ZodType): Record<string, never> {
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) } as unknown as Record<string, never>;
}
