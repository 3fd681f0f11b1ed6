import type { Candidate } from '../candidate.ts';
import type { Demand } from '../demand.ts';

/** Prefers who runs fewer instances of the same microservice: 1, 1/2, 1/3, ... */
export const spread = ({ hosts }: Candidate, { spreadKey }: Demand): number => 1 / (1 + (Object.hasOwn(hosts, spreadKey) ? hosts[spreadKey]! : 0));
