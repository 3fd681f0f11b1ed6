export type { Cancel, Clock, Random } from './ports.ts';
export { backoff, defaultBackoff, type BackoffPolicy } from './backoff.ts';
export { PassTimeout, ReconcileLoop, type LoopOptions, type Result } from './reconcile-loop.ts';
export { Stragglers } from './stragglers.ts';
export { realClock, realRandom } from './real-clock.ts';
export { ChainedBook, ChainedInbox, parts, type ChainedBookOptions, type ChainedMessage, type ChainedOutcome, type ChainedPage, type ChainedPosition, type Keyed } from './chained.ts';
