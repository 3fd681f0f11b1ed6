import type { Microservice } from '@oak/sla';
import { readDescriptor, readMicroservice } from '../applications/read-descriptor.ts';
import { Problem, type Fault } from '../http/problem.ts';
import type { ServiceRecord } from '../services/service-record.ts';

export interface Changed { readonly microservice: Microservice; readonly submitted: Readonly<Record<string, unknown>>; readonly warnings: readonly unknown[] }

/** The new description in a request: a whole descriptor that holds this microservice, or the microservice alone. @throws Problem 422 that names every fault */
export function changedMicroservice(body: unknown, service: ServiceRecord): Changed {
  const { microservice, submitted, warnings, path } = find(body, service.microservice);
  const before = service.microservice;
  const faults: Fault[] = [
    ...(['microservice_name', 'microservice_namespace'] as const).flatMap((field) => (microservice[field] === before[field] ? [] : [immutable(`${path}${field}`, before[field], microservice[field])])),
    ...addressFaults(microservice, service, path),
  ];
  if (faults.length > 0) throw new Problem(422, 'Invalid descriptor', faults.map((fault) => `${fault.path}: ${fault.message}; ${fault.remedy ?? ''}`).join('\n'), faults);
  const { addresses: _, ...rest } = microservice;
  return { microservice: { ...rest, ...(before.addresses && { addresses: before.addresses }) }, submitted, warnings };
}

/** It may ask for what it has, whether it was asked for then or chosen. */
function addressFaults({ addresses = {} }: Microservice, { microservice: before, network }: ServiceRecord, path: string): Fault[] {
  const { roundRobin, closest } = network?.addresses ?? {};
  const has: Record<string, unknown> = { ...before.addresses, rr_ip: roundRobin?.ipv4, rr_ip_v6: roundRobin?.ipv6, closest_ip: closest?.ipv4, closest_ip_v6: closest?.ipv6, affinity: network?.affinity };
  const asked = Object.entries(addresses).filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0));
  return asked.filter(([field, value]) => canonical(value) !== canonical(has[field])).map(([field, value]) => immutable(`${path}addresses.${field}`, has[field] ?? null, value));
}

/** Nothing would change. */
export function isSame(a: Microservice, b: Microservice): boolean {
  return canonical(a) === canonical(b);
}

function find(body: unknown, { microservice_name: name, microservice_namespace: namespace }: Microservice): Changed & { readonly path: string } {
  if (typeof body === 'object' && body !== null && 'microservice_name' in body) return { ...readMicroservice(body), path: '' };
  const { submitted, warnings } = readDescriptor(body);
  const all = submitted(0);
  const found = all.find(({ parsed }) => parsed.microservice_name === name && parsed.microservice_namespace === namespace) ?? (all.length === 1 ? all[0] : undefined);
  if (found) return { microservice: found.parsed, submitted: found.raw, warnings, path: `${found.path}.` };
  const message = `none of these ${all.length} is ${name}.${namespace}`;
  throw new Problem(422, 'Invalid descriptor', `applications[0].microservices: ${message}`, [{ path: 'applications[0].microservices', message }]);
}

function immutable(path: string, before: unknown, after: unknown): Fault {
  return { path, message: `is ${JSON.stringify(before)} and can not become ${JSON.stringify(after)}`, value: after, remedy: 'leave it as it is, or make another microservice' };
}

/** Whatever the order of keys; an empty text is no address. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'object' && one !== null && !Array.isArray(one)
    ? Object.fromEntries(Object.entries(one).filter(([, inner]) => inner !== undefined && inner !== '').sort(([a], [b]) => (a < b ? -1 : 1))) : one));
}
