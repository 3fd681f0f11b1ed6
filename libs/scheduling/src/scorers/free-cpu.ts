import type { Candidate } from '../candidate.ts';
import { fraction } from './fraction.ts';

/** Prefers who has the larger share of its cores unreserved. */
export const freeCpu = ({ free, total }: Candidate): number => fraction(free.vcpus, total.vcpus);
