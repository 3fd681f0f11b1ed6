interface Described { components?: { schemas?: Record<string, unknown> } }

const local = '#/$defs/';
const shared = '#/components/schemas/';

/** JSON Schemas carry their parts with them under `$defs`; in a description of an API they are all in one place, and references lead there. */
export function withSharedSchemas<D extends object>(document: D): D & Described {
  const parts: Record<string, unknown> = {};
  const moved = move(document, parts) as D & Described;
  return { ...moved, components: { ...moved.components, schemas: { ...moved.components?.schemas, ...parts } } };
}

function move(value: unknown, parts: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one) => move(one, parts));
  if (typeof value !== 'object' || value === null) return value;
  const { $defs, $schema: _, ...rest } = value as Record<string, unknown> & { $defs?: Record<string, unknown> };
  for (const [name, part] of Object.entries($defs ?? {})) parts[name] = move(part, parts);
  return Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, key === '$ref' && typeof one === 'string' && one.startsWith(local) ? shared + one.slice(local.length) : move(one, parts)]));
}
