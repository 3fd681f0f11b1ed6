import { isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { microserviceSchema, type Addresses, type Microservice } from '@oak/sla';
import type { Application, Service } from '../root/views.ts';
import type { WantedApplication, WantedMicroservice } from './wanted.ts';

/** A field that stands otherwise in the file than at root. */
export interface Change { readonly field: string; readonly root: unknown; readonly file: unknown }

/** What has to be done for one application or microservice. */
export type Step =
  | { readonly kind: 'create'; readonly application: WantedApplication }
  | { readonly kind: 'add'; readonly application: WantedApplication; readonly applicationId: string; readonly microservice: WantedMicroservice }
  | { readonly kind: 'same'; readonly noun: Noun; readonly name: string; readonly id: string }
  | { readonly kind: 'changed'; readonly noun: Noun; readonly name: string; readonly id: string; readonly changes: readonly Change[]; /** What root is sent to make it so. */ readonly body: Readonly<Record<string, unknown>> };
export type Noun = 'application' | 'service';

/** Decides by what root has; does nothing. */
export function planApply(wanted: readonly WantedApplication[], applications: readonly Application[], services: readonly Service[]): Step[] {
  return wanted.flatMap((application): Step[] => {
    const known = applications.find((one) => `${one.application_name}.${one.application_namespace}` === application.name);
    if (!known) return [{ kind: 'create', application }];
    const own = services.filter(({ applicationID: id }) => id === known.applicationID);
    return [
      verdict('application', known.application_name, known.applicationID, applicationChanges(application, known), { application_desc: application.parsed.application_desc, network_policy: application.parsed.network_policy }),
      ...application.microservices.map((microservice) => microserviceStep(application, known.applicationID, microservice, own)),
    ];
  });
}

function microserviceStep(application: WantedApplication, applicationId: string, microservice: WantedMicroservice, services: readonly Service[]): Step {
  const known = services.find((one) => `${one.microservice_name}.${one.microservice_namespace}` === microservice.name);
  if (!known) return { kind: 'add', application, applicationId, microservice };
  return verdict('service', `${known.app_name}/${known.microservice_name}`, known.microserviceID, microserviceChanges(microservice.parsed, known), microservice.raw);
}

function verdict(noun: Noun, name: string, id: string, changes: readonly Change[], body: Readonly<Record<string, unknown>>): Step {
  return changes.length === 0 ? { kind: 'same', noun, name, id } : { kind: 'changed', noun, name, id, changes, body };
}

function applicationChanges({ parsed }: WantedApplication, known: Application): Change[] {
  return (['application_desc', 'network_policy'] as const).flatMap((field) => change(field, known[field], parsed[field]));
}

/** Root answers with the microservice as it read it, so both sides have their defaults filled in. */
export function microserviceChanges(wanted: Microservice, known: Service): Change[] {
  return (Object.keys(microserviceSchema.shape) as (keyof Microservice)[]).flatMap((field) => {
    // Given by root, each to its own.
    if (field === 'microserviceID') return [];
    return field === 'addresses' ? addressChanges(wanted.addresses, known.addresses ?? {}) : change(field, known[field], wanted[field]);
  });
}

/** Root fills in the addresses that it chose; only what the file asks for is compared. */
function addressChanges(wanted: Addresses = {}, known: Readonly<Record<string, unknown>>): Change[] {
  return Object.entries(wanted).flatMap(([field, value]) => (isNothing(value) || isDeepStrictEqual(canonical(known[field]), canonical(value)) ? [] : change(`addresses.${field}`, known[field], value)));
}

/** IPv6 addresses in it, whichever of their spellings they have, in one: that of RFC 5952, as URLs have it. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string') return isIPv6(value) && URL.canParse(`http://[${value}]`) ? new URL(`http://[${value}]`).hostname : value;
  if (Array.isArray(value)) return value.map(canonical);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, canonical(inner)])) : value;
}

function change(field: string, root: unknown, file: unknown): Change[] {
  return isDeepStrictEqual(root, file) || (root === undefined && isNothing(file)) ? [] : [{ field, root, file }];
}

/** A field that root does not know yet is no difference as long as nothing is asked of it. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}
