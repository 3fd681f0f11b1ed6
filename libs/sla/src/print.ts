import { z } from 'zod';
import { microserviceSchema, type Microservice } from './microservice.ts';
import type { Sla } from './sla.ts';

/** Back to a descriptor, in the schema's order, without the fields of microservices that stand at their default. `parseSla` of it gives the same again. */
export function printSla(sla: Sla): unknown {
  return structuredClone({
    ...sla,
    applications: sla.applications.map((application) => ({ ...application, microservices: application.microservices.map(spareDefaults) })),
  });
}

function spareDefaults(microservice: Microservice): Partial<Microservice> {
  const given = Object.entries(microserviceSchema.shape).flatMap(([key, field]) => {
    const value = microservice[key as keyof Microservice];
    return value === undefined || isDefault(field, value) ? [] : [[key, value]];
  });
  return Object.fromEntries(given) as Partial<Microservice>;
}

function isDefault(field: z.ZodType, value: unknown): boolean {
  return field instanceof z.ZodDefault && JSON.stringify(field.def.defaultValue) === JSON.stringify(value);
}
