import type { Candidate } from './candidate.ts';
import type { RefusalReason } from './refusal-reason.ts';
import type { Request } from './request.ts';
import type { ResourceName } from './resources.ts';

/** One reason to refuse. The test is cheap and makes no text; the text is made only for the few that are shown. */
export interface Filter {
  readonly reason: RefusalReason;
  /** The exhausted resource, if that is what this filter is about. */
  readonly resource?: ResourceName;
  /** Verb for one and for several candidates: `1 lacks ...`, `2 lack ...`. */
  readonly verbs: readonly [one: string, many: string];
  refuses(candidate: Candidate, request: Request): boolean;
  /** The rest of the sentence. `alone`: it speaks of this candidate only; else the candidate is an example and must be named if its own facts are. */
  detail(candidate: Candidate, request: Request, alone: boolean): string;
}

/** `has x` of the only candidate, `(n1 has x)` of an example. */
export const example = (candidate: Candidate, alone: boolean, text: string): string => (alone ? text : `${candidate.name} ${text}`);
