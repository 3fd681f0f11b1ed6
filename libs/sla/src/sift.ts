import { z } from 'zod';
import { LIST_LIMIT } from './fields.ts';
import { nearestField } from './nearest-field.ts';
import { shortenText, shown } from './shorten.ts';
import { isRecord, printPath, type Path, type Warning } from './violation.ts';

type Schema = z.core.$ZodType;

const WARNING_LIMIT = 100;

export interface Sifted {
  /** A copy of the input that holds only fields that the schema knows. Values may still be wrong. */
  readonly known: unknown;
  readonly warnings: readonly Warning[];
}

/**
 * Copies what the schema knows and warns about the rest. The walk follows the schema, not the input, so cyclic or endless input ends;
 * only own fields are read, so prototypes are harmless.
 */
export function sift(schema: Schema, input: unknown): Sifted {
  const warnings: Warning[] = [];
  let more = 0;
  const warn: Warn = (make) => { if (warnings.length < WARNING_LIMIT) warnings.push(make()); else more += 1; };
  const known = copyKnown(schema, input, [], warn);
  return { known, warnings: more === 0 ? warnings : [...warnings, { path: '', message: `and ${more} more warnings` }] };
}

/** The warning is made only when it is kept: finding the nearest field takes time, and hostile input may have very many. */
type Warn = (make: () => Warning) => void;

function copyKnown(schema: Schema, input: unknown, path: Path, warn: Warn): unknown {
  if (isUnused(schema) && !isEmpty(input)) warn(() => ({ path: printPath(path), message: unusedText(input) }));
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return copyKnown(schema.def.innerType, input, path, warn);
  if (schema instanceof z.ZodArray && Array.isArray(input)) return copyList(schema.element, input, path, warn);
  if (!isRecord(input)) return input;
  if (schema instanceof z.ZodObject) return copyFields(schema, input, path, warn);
  if (schema instanceof z.ZodRecord) return copyEntries(input);
  if (schema instanceof z.ZodDiscriminatedUnion) return copyOption(schema, input, path, warn);
  return input;
}

/** One entry more than allowed is kept, so that the schema still sees that there are too many. */
function copyList(element: Schema, input: readonly unknown[], path: Path, warn: Warn): unknown[] {
  return Array.from(input.slice(0, LIST_LIMIT + 1), (entry, index) => copyKnown(element, entry, [...path, index], warn));
}

function copyFields(schema: z.ZodObject, input: Record<string, unknown>, path: Path, warn: Warn): Record<string, unknown> {
  const fields = new Map<string, Schema>(Object.entries(schema.shape));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(input)) {
    const field = fields.get(key);
    if (field) copy[key] = copyKnown(field, input[key], [...path, key], warn);
    else warn(() => unknownField(key, [...fields.keys()], path));
  }
  return copy;
}

function copyEntries(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(input).slice(0, LIST_LIMIT).filter((key) => key !== '__proto__').map((key) => [key, input[key]]));
}

function copyOption(schema: z.ZodDiscriminatedUnion, input: Record<string, unknown>, path: Path, warn: Warn): unknown {
  const { discriminator } = schema.def;
  const tag = Object.hasOwn(input, discriminator) ? input[discriminator] : undefined;
  const option = schema.options.find((candidate) => candidate instanceof z.ZodObject && isLiteral(candidate.shape[discriminator], tag));
  return option ? copyKnown(option, input, path, warn) : { [discriminator]: tag };
}

const isLiteral = (schema: unknown, value: unknown): boolean => schema instanceof z.ZodLiteral && typeof value === 'string' && schema.values.has(value);

const isUnused = (schema: Schema): boolean => z.globalRegistry.get(schema)?.['deprecated'] === true;

function unusedText(input: unknown): string {
  const type = isRecord(input) && Object.hasOwn(input, 'type') ? input['type'] : undefined;
  return type === undefined ? 'accepted, not used' : `type ${shown(type)} is accepted, not evaluated`;
}

function isEmpty(value: unknown): boolean {
  return !value || (Array.isArray(value) && value.length === 0);
}

function unknownField(key: string, fields: readonly string[], path: Path): Warning {
  const suggestion = nearestField(key, fields);
  const at = printPath([...path, shortenText(key)]);
  if (suggestion === undefined) return { path: at, message: 'unknown field, ignored' };
  return { path: at, message: `unknown field, did you mean ${suggestion}?`, suggestion };
}
