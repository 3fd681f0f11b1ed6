import { parseMicroservice, parseSla, type Microservice, type Sla, type Warning } from '@oak/sla';
import { Problem } from '../http/problem.ts';
import type { Submitted } from './applications.ts';

/** @throws Problem 422 that names every fault */
export function readDescriptor(body: unknown): { sla: Sla; warnings: readonly Warning[]; submitted: (application: number) => Submitted[] } {
  const parsed = parseSla(body);
  if (!parsed.ok) throw invalid(parsed.violations);
  const raw = (body as { applications: { microservices: Record<string, unknown>[] }[] }).applications;
  const submitted = (application: number): Submitted[] => parsed.sla.applications[application]?.microservices.map((one, at) => ({
    parsed: one, raw: raw[application]?.microservices[at] ?? {}, path: `applications[${application}].microservices[${at}]`,
  })) ?? [];
  return { sla: parsed.sla, warnings: parsed.warnings, submitted };
}

/** A whole descriptor or one microservice alone. @throws Problem 422 */
export function readMicroservices(body: unknown): { microservices: { name: string; microservice: Microservice }[]; warnings: readonly Warning[] } {
  if (isRecord(body) && 'microservice_name' in body) {
    const { microservice, warnings } = readMicroservice(body);
    return { microservices: [{ name: microservice.microservice_name, microservice }], warnings };
  }
  const { sla, warnings } = readDescriptor(body);
  const microservices = sla.applications.flatMap((application) => application.microservices.map((microservice) => ({
    name: `${application.application_name}.${application.application_namespace}.${microservice.microservice_name}.${microservice.microservice_namespace}`, microservice,
  })));
  return { microservices, warnings };
}

/** @throws Problem 422 */
export function readMicroservice(body: object): { microservice: Microservice; submitted: Readonly<Record<string, unknown>>; warnings: readonly Warning[] } {
  const parsed = parseMicroservice(body);
  if (!parsed.ok) throw invalid(parsed.violations);
  return { microservice: parsed.microservice, submitted: body as Record<string, unknown>, warnings: parsed.warnings };
}

function invalid(violations: readonly { path: string; message: string; value: unknown; remedy: string }[]): Problem {
  const detail = violations.map(({ path, message, remedy }) => `${path || 'descriptor'}: ${message}; ${remedy}`).join('\n');
  return new Problem(422, 'Invalid descriptor', detail.slice(0, 8_000), violations);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
