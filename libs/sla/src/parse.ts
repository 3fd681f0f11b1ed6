import type { z } from 'zod';
import { microserviceSchema, type Microservice } from './microservice.ts';
import { completeMicroservice, completeSla, microserviceViolations, slaViolations } from './rules.ts';
import { sift, type Sifted } from './sift.ts';
import { slaSchema, type Sla } from './sla.ts';
import { violation, violationsOf, type Violation, type Warning } from './violation.ts';

export interface Refused {
  readonly ok: false;
  /** All of them, at least one. */
  readonly violations: readonly Violation[];
  readonly warnings: readonly Warning[];
}

export type ParsedSla = { readonly ok: true; readonly sla: Sla; readonly warnings: readonly Warning[] } | Refused;
export type ParsedMicroservice = { readonly ok: true; readonly microservice: Microservice; readonly warnings: readonly Warning[] } | Refused;

/** Reads a descriptor that came as JSON. Never throws, never changes the input, tells all faults at once. Unknown fields are dropped with a warning. */
export function parseSla(input: unknown): ParsedSla {
  const parsed = parse(slaSchema, input, completeSla, slaViolations);
  return parsed.ok ? { ok: true, sla: parsed.value, warnings: parsed.warnings } : parsed;
}

/** The same for one microservice alone. */
export function parseMicroservice(input: unknown): ParsedMicroservice {
  const parsed = parse(microserviceSchema, input, (known) => completeMicroservice(known, []), (known) => microserviceViolations(known, []));
  return parsed.ok ? { ok: true, microservice: parsed.value, warnings: parsed.warnings } : parsed;
}

type Parsed<T> = { readonly ok: true; readonly value: T; readonly warnings: readonly Warning[] } | Refused;

function parse<T>(schema: z.ZodType<T>, input: unknown, complete: (known: unknown) => Warning[], check: (known: unknown) => Violation[]): Parsed<T> {
  const sifted = readInput(schema, input);
  if ('path' in sifted) return { ok: false, violations: [sifted], warnings: [] };
  const warnings = [...sifted.warnings, ...complete(sifted.known)];
  const result = schema.safeParse(sifted.known);
  const violations = [...(result.success ? [] : violationsOf(result.error, sifted.known)), ...check(sifted.known)];
  return result.success && violations.length === 0 ? { ok: true, value: result.data, warnings } : { ok: false, violations, warnings };
}

/** Only this step touches foreign objects; their getters and traps may throw. */
function readInput(schema: z.ZodType, input: unknown): Sifted | Violation {
  try {
    return sift(schema, input);
  } catch (error) {
    return violation([], undefined, `cannot be read: ${error instanceof Error ? error.message : 'it throws'}`, 'give plain JSON');
  }
}
