import { z } from 'zod';

/** `?flag`, `?flag=true`, `?flag=0`. */
export const flagSchema = z.union([z.literal('').transform(() => true), z.stringbool()]).default(false);

/** For `@ApiQuery` and `@ApiHeader`. */
export const dryRunQuery = { name: 'dryRun', required: false, schema: { type: 'boolean', default: false }, description: 'Checks everything and says what would be; changes nothing' } as const;
export const idempotencyHeader = { name: 'idempotency-key', required: false, description: 'A name of yours for this request: if it comes again within a day, it is not done again, and has the same answer' } as const;
export const ifMatchHeader = { name: 'if-match', required: false, description: 'The ETag of what you read: the change is refused (412) when it is not so any more' } as const;
