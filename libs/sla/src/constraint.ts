import { z } from 'zod';
import { decimal, list, record, text, UNUSED, wholeNumber } from './fields.ts';
import { shown } from './shorten.ts';
import { fault } from './violation.ts';

const constraintTypes = ['direct', 'clusters', 'addons', 'latency', 'geo'] as const;

const threshold = decimal('Limit that must hold: ms for latency, km for geo. Optional.', { max: 1_000_000_000, unit: '' }).optional();
const rigidness = decimal('Share of requests that must hold the threshold, 0 to 1. Optional.', { max: 1, unit: '' }).optional();
const convergenceTime = wholeNumber('Grace period in seconds. Optional.', { max: 31_536_000, unit: 'seconds' }).optional();

const direct = record({
  type: z.literal('direct'),
  /** Optional. Name of the only cluster allowed; empty = any. */
  cluster: text('Name of the only cluster allowed. Optional, empty = any. Mutable.').optional(),
  /** Optional. Names of the nodes allowed, joined by `;`; empty = any. */
  node: text('Names of the nodes allowed, joined by ";". Optional, empty = any. Mutable.').optional(),
}, 'a constraint').describe('Pins to a cluster, or to some nodes.');

const clusters = record({
  type: z.literal('clusters'),
  /** Required. Names of the clusters allowed. */
  allowed: list(text('Name of a cluster.'), 'Names of the clusters allowed. Required, at least one. Mutable.')
    .min(1, { error: fault('allows no cluster at all', 'name at least one cluster, or remove the constraint') }),
}, 'a constraint').describe('Only these clusters.');

const addons = record({
  type: z.literal('addons'),
  /** Required. Addons that a node must have, all of them. */
  needs: list(text('Name of an addon.'), 'Addons that the node must have, all of them. Required. Mutable.'),
}, 'a constraint').describe('Only nodes with these addons.');

const latency = record({
  type: z.literal('latency'),
  area: text('Name of the area of the users. Optional.').optional(),
  location: text('"latitude,longitude" of the users. Optional.').optional(),
  threshold, rigidness, convergence_time: convergenceTime,
}, 'a constraint').meta({ ...UNUSED, description: 'Highest latency to users in an area. Accepted, not evaluated.' });

const geo = record({
  type: z.literal('geo'),
  area: text('Name of an area. Optional.').optional(),
  location: text('"latitude,longitude". Optional.').optional(),
  threshold, rigidness, convergence_time: convergenceTime,
}, 'a constraint').meta({ ...UNUSED, description: 'Greatest distance to a place. Accepted, not evaluated.' });

/** A rule about where instances may run. All constraints of a microservice must hold. */
export const constraintSchema = z.discriminatedUnion('type', [direct, clusters, addons, latency, geo], {
  error: ({ code, input }) => {
    const remedy = `use one of ${constraintTypes.join(', ')}`;
    if (code !== 'invalid_union') return fault(`must be a constraint, is ${shown(input)}`, `give an object with a type: ${remedy}`);
    const type = (input as { type?: unknown }).type;
    return type === undefined ? fault('is missing', remedy) : fault(`unknown constraint type ${shown(type)}`, remedy);
  },
});

export type Constraint = z.output<typeof constraintSchema>;
