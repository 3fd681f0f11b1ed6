export type { Candidate, Fit, RuntimeState, TakenPort } from './candidate.ts';
export { demandOf, type Demand, type HostPort, type Tier } from './demand.ts';
export { PlacementIndex } from './engine/placement-index.ts';
export { explainEach } from './explain-each.ts';
export { place } from './place.ts';
export { refusalReasons, type RefusalReason } from './refusal-reason.ts';
export type { PlaceOptions } from './request.ts';
export type { Decision } from './tally.ts';
export { committed, released } from './usage.ts';
