/** The zone that we own: whatever ends in it is answered here and nowhere else. `internal` is reserved for such use. */
export const zone = 'oak.internal';
export const zoneLabels: readonly string[] = zone.split('.');

/** How long an answer may be kept, in seconds. Instances come and go; `nothing` is for names that do not exist. */
export const ttlSeconds = { service: 5, instance: 1, nothing: 2 } as const;

/** What a workload's resolver appends to a name: with them `<microservice>` alone finds one of its own application, as `<microservice>.<application>` finds one of another. */
export function searchDomainsOf(applicationName: string, namespace: string): string[] {
  return [`${applicationName}.${namespace}.${zone}`.toLowerCase(), zone];
}
