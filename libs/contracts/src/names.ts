import { z } from 'zod';

/** One token of a subject: the name of a cluster or a node. It is the identity of who speaks. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,63}$/, 'letters, digits, _ and -, at most 63').describe('Name of a cluster or node; one token of a subject.');
/** 24 lower-case hex characters, as Oakestra's ids. */
export const idSchema = z.string().regex(/^[0-9a-f]{24}$/, '24 lower-case hex characters').describe('24 lower-case hex characters.');
/** Milliseconds since 1970, by the sender's clock: for people, never compared across machines. */
export const timeSchema = z.number().nonnegative().describe('Milliseconds since 1970 by the clock of the sender.');
/** Number that grows with each start of a process and survives its restarts; what carries an older one is stale. */
export const epochSchema = z.int().nonnegative().describe('Grows with each start of the sender; messages of an older epoch are stale.');
export const revisionSchema = z.int().nonnegative();
/** Long texts are cut by the sender. */
export const textSchema = z.string().max(4096);
/** Which part of a complete set this is, from 0, and how many there are: a set too large for one message comes in pages, and counts when all are there. */
export const pageSchema = z.object({ at: z.int().nonnegative(), of: z.int().positive().max(10_000) });
