import { z } from 'zod';
import { slaSchema } from './sla.ts';

/** JSON Schema (draft 2020-12) of what may be written in a descriptor; editors and the reference use it. Fields that nothing evaluates are marked deprecated. */
export function slaJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(slaSchema, { io: 'input' });
}
