import type { Microservice } from '@oak/sla';
import type { Description, ServiceRecord } from '../services/service-record.ts';

/** So many versions that nobody runs are kept to go back to. */
const keptUnused = 10;
/** With that many versions of which some still run, another one has to wait. */
export const mostVersions = 50;

/** What an instance of this version runs. */
export function describedAs(service: Pick<ServiceRecord, 'version' | 'microservice' | 'past'>, version: number): Microservice {
  return version === service.version ? service.microservice : service.past.find((one) => one.version === version)?.microservice ?? service.microservice;
}

/** All versions, the oldest first. */
export function versionsOf(service: ServiceRecord): Description[] {
  return [...service.past, currentOf(service)].sort((a, b) => a.version - b.version);
}

/** It is this from now on. */
export function describedNew(service: ServiceRecord, { microservice, submitted, createdAtMs }: Omit<Description, 'version'>): ServiceRecord {
  const version = service.lastVersion + 1;
  return { ...service, past: [...service.past, currentOf(service)], microservice, submitted, version, lastVersion: version, versionAtMs: createdAtMs };
}

/** It is again what it was. Undefined: that version is not known any more. */
export function describedAgain(service: ServiceRecord, version: number): ServiceRecord | undefined {
  const found = service.past.find((one) => one.version === version);
  if (!found) return undefined;
  const past = [...service.past.filter((one) => one !== found), currentOf(service)];
  return { ...service, past, microservice: found.microservice, submitted: found.submitted, version, versionAtMs: found.createdAtMs };
}

/** Without old versions that nobody runs. Undefined: there is none too many. */
export function pruned(service: ServiceRecord, inUse: ReadonlySet<number>): ServiceRecord | undefined {
  const unused = service.past.filter(({ version }) => !inUse.has(version)).sort((a, b) => b.version - a.version);
  const gone = new Set(unused.slice(keptUnused));
  return gone.size === 0 ? undefined : { ...service, past: service.past.filter((one) => !gone.has(one)) };
}

function currentOf({ version, microservice, submitted, versionAtMs, createdAtMs }: ServiceRecord): Description {
  return { version, microservice, submitted, createdAtMs: versionAtMs ?? createdAtMs };
}
