import type { ApplicationRecord } from '../applications/application-record.ts';
import { etagOf } from '../http/etag.ts';
import type { ServiceRecord } from './service-record.ts';

/** Of what it shall be; not of its instances, which change by themselves. */
export function serviceEtag({ version, lastVersion, wished }: ServiceRecord): string {
  return etagOf(version, lastVersion, wished ?? null);
}

export function applicationEtag({ name, namespace, description, networkPolicy }: ApplicationRecord): string {
  return etagOf(name, namespace, description, networkPolicy);
}
