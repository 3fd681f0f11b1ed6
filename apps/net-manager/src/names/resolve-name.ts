import type { Backend, ServiceRoute } from '@oak/contracts';
import { findPointer, reverseAddress } from './reverse-names.ts';
import { isBelow, isNamed, mayAnswer, nearestTo, type Caller } from './service-names.ts';
import { ttlSeconds, zoneLabels } from './zone.ts';

export interface NameQuestion {
  /** With or without the dot at its end, in any case. */
  readonly name: string;
  /** `A`, `AAAA`, `PTR`, `ANY`, … */
  readonly type: string;
}

export interface NameRecord {
  readonly type: 'A' | 'AAAA' | 'PTR' | 'SOA';
  /** An address or a name; empty for SOA, which is the same for the whole zone. */
  readonly content: string;
  readonly ttlSeconds: number;
}

export type NameOutcome =
  /** The name exists; without records it has none of that type. */
  | { readonly kind: 'known'; readonly records: readonly NameRecord[] }
  /** The name would be ours to know, and does not exist for this caller. */
  | { readonly kind: 'unknown' }
  /** Others may know it. */
  | { readonly kind: 'elsewhere' };

const unknown: NameOutcome = { kind: 'unknown' };

/**
 * What a name means to this caller. Names of services, each with or without `.oak.internal`: `<microservice>.<application>` and
 * `<microservice>.<namespace>.<application>.<namespace>`; before them `_closest.`, `_instance.` or `<number>._instance.`; and addresses backwards (PTR).
 * What the caller may not reach does not exist.
 */
export function resolveName(question: NameQuestion, caller: Caller, routes: Iterable<ServiceRoute>): NameOutcome {
  const labels = question.name.toLowerCase().replace(/\.$/, '').split('.');
  const backwards = reverseAddress(labels);
  if (backwards !== undefined) return pointerTo(backwards, question.type, caller, routes);
  const inZone = zoneLabels.every((label, at) => labels.at(at - zoneLabels.length) === label);
  const asked = inZone ? labels.slice(0, -zoneLabels.length) : labels;
  if (asked.length === 0) return known([{ type: 'SOA', content: '', ttlSeconds: ttlSeconds.service }], question.type);
  const { part, service } = split(asked);
  const list = [...routes];
  const found = nearestTo(caller, list.filter((route) => isNamed(route, service, inZone) && mayAnswer(route, caller, inZone)));
  if (found) return recordsOf(found, part, question.type);
  if (!inZone) return { kind: 'elsewhere' };
  return list.some((route) => isBelow(route, asked) && mayAnswer(route, caller, inZone)) ? known([], question.type) : unknown;
}

type Part = { readonly kind: 'service' | 'closest' | 'instances' } | { readonly kind: 'instance'; readonly instanceNumber: number };

function split(asked: readonly string[]): { part: Part; service: readonly string[] } {
  const [first = '', second] = asked;
  if (first === '_closest') return { part: { kind: 'closest' }, service: asked.slice(1) };
  if (first === '_instance') return { part: { kind: 'instances' }, service: asked.slice(1) };
  if (second === '_instance' && /^(0|[1-9]\d{0,8})$/.test(first)) return { part: { kind: 'instance', instanceNumber: Number(first) }, service: asked.slice(2) };
  return { part: { kind: 'service' }, service: asked };
}

function recordsOf({ addresses, backends }: ServiceRoute, part: Part, type: string): NameOutcome {
  switch (part.kind) {
    case 'service': return known(both(addresses.roundRobin, ttlSeconds.service), type);
    case 'closest': return addresses.closest ? known(both(addresses.closest, ttlSeconds.service), type) : unknown;
    case 'instances': return known(instances(backends), type);
    case 'instance': {
      const numbered = backends.filter(({ instanceNumber }) => instanceNumber === part.instanceNumber);
      return numbered.length > 0 ? known(instances(numbered), type) : unknown;
    }
  }
}

const instances = (backends: readonly Backend[]): NameRecord[] => backends.flatMap((backend) => both(backend, ttlSeconds.instance));

function both({ ipv4, ipv6 }: { readonly ipv4: string; readonly ipv6: string }, seconds: number): NameRecord[] {
  return [{ type: 'A', content: ipv4, ttlSeconds: seconds }, { type: 'AAAA', content: ipv6, ttlSeconds: seconds }];
}

function pointerTo(address: string, type: string, caller: Caller, routes: Iterable<ServiceRoute>): NameOutcome {
  const found = findPointer(address, [...routes].filter((route) => mayAnswer(route, caller, true)));
  return found ? known([{ type: 'PTR', ...found }], type) : { kind: 'elsewhere' };
}

function known(records: readonly NameRecord[], type: string): NameOutcome {
  return { kind: 'known', records: records.filter((record) => type === 'ANY' || record.type === type) };
}
