import { parseSla, type Application, type Microservice, type Warning } from '@oak/sla';
import { exitCodes, Failure, type Fault } from '../failure.ts';
import type { SourceDocument } from './read-documents.ts';

type Raw = Readonly<Record<string, unknown>>;
/** As parsed, for comparing; as written, for sending: root keeps what it was sent. */
export interface WantedMicroservice { readonly name: string; readonly parsed: Microservice; readonly raw: Raw; readonly path: string }
export interface WantedApplication { readonly name: string; readonly parsed: Application; readonly raw: Raw; readonly microservices: readonly WantedMicroservice[] }
export interface Checked { readonly applications: readonly WantedApplication[]; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] }

/** Reads all documents, with all their faults at once. The same application in several documents is one. Asks nobody. */
export function checkDocuments(documents: readonly SourceDocument[]): Checked {
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const applications: WantedApplication[] = [];
  for (const { source, input, lineOf } of documents) {
    const at = (path: string): string => {
      const line = lineOf?.(path);
      return `${source}${line === undefined ? '' : `:${line}`}${path === '' ? '' : `: ${path}`}`;
    };
    const parsed = parseSla(input);
    warnings.push(...parsed.warnings.map(({ path, ...warning }) => ({ path: at(path), message: textOf(warning) })));
    if (parsed.ok) applications.push(...parsed.sla.applications.map((application, index) => wantedOf(application, input, index, at)));
    else faults.push(...parsed.violations.map(({ path, message, remedy }) => ({ path: at(path), message, remedy })));
  }
  const merged = merge(applications);
  return { applications: merged, faults: [...faults, ...merged.flatMap(({ microservices }) => twice(microservices))], warnings };
}

/** @throws Failure that names every fault */
export function wantedOrFail(documents: readonly SourceDocument[], warn: (warning: Fault) => void): readonly WantedApplication[] {
  const { applications, faults, warnings } = checkDocuments(documents);
  warnings.forEach(warn);
  if (faults.length > 0) throw new Failure(exitCodes.failed, `the descriptor has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}; nothing was sent:`, undefined, faults);
  return applications;
}

const textOf = ({ message }: Omit<Warning, 'path'>): string => message;

function wantedOf(parsed: Application, input: unknown, index: number, at: (path: string) => string): WantedApplication {
  const raw = (input as { applications: { microservices: Raw[] }[] }).applications[index] ?? { microservices: [] };
  const name = `${parsed.application_name}.${parsed.application_namespace}`;
  const microservices = parsed.microservices.map((one, place) => ({
    name: `${one.microservice_name}.${one.microservice_namespace}`, parsed: one, raw: raw.microservices[place] ?? {}, path: at(`applications[${index}].microservices[${place}]`),
  }));
  return { name, parsed, raw, microservices };
}

function merge(applications: readonly WantedApplication[]): WantedApplication[] {
  const byName = new Map<string, WantedApplication>();
  for (const one of applications) {
    const known = byName.get(one.name);
    byName.set(one.name, known ? { ...known, microservices: [...known.microservices, ...one.microservices] } : one);
  }
  return [...byName.values()];
}

/** Within one document the descriptor's own rules see it; this is for several documents. */
function twice(microservices: readonly WantedMicroservice[]): Fault[] {
  return microservices.flatMap(({ name, path }, at) => {
    const first = microservices.findIndex((other) => other.name === name);
    const earlier = microservices[first];
    return first === at || earlier === undefined ? [] : [{ path, message: `microservice ${name} stands at ${earlier.path} already`, remedy: 'give each its own name' }];
  });
}
