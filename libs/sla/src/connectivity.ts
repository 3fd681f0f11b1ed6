import { decimal, list, record, text, wholeNumber } from './fields.ts';

const connectionConstraint = record({
  /** Required. `latency` (ms at most), `bandwidth` (kbit/s at least) or `geo` (km at most). */
  type: text('What is limited: latency (ms), bandwidth (kbit/s) or geo (km). Required.'),
  threshold: decimal('Limit that must hold. Required.', { max: 1_000_000_000, unit: '' }),
  rigidness: decimal('Share of requests that must hold the threshold, 0 to 1. Required.', { max: 1, unit: '' }),
  convergence_time: wholeNumber('Grace period in seconds. Required.', { max: 31_536_000, unit: 'seconds' }),
}, 'a connectivity constraint');

/** What the way to another microservice should be like. */
export const connectivitySchema = record({
  target_microservice_id: text('The other microservice. Required.'),
  con_constraints: list(connectionConstraint, 'Limits of the connection. Required, may be empty.'),
}, 'a connection');
