import type { Candidate } from '../candidate.ts';
import { fraction } from './fraction.ts';

/** Prefers who has the larger share of its memory unreserved. */
export const freeMemory = ({ free, total }: Candidate): number => fraction(free.memoryMiB, total.memoryMiB);
