export interface ShapeFault { readonly path: string; readonly text: string }

/** Where `actual` lacks a field that `expected` has, or has another type there. Null fits all: nobody could read anything from it. Elements of lists are compared with the first of the expected ones. */
export function shapeFaults(expected: unknown, actual: unknown, path = ''): ShapeFault[] {
  if (expected === null) return [];
  if (actual === undefined) return [{ path, text: 'is missing' }];
  if (kindOf(expected) !== kindOf(actual)) return [{ path, text: `is ${kindOf(actual)}, was ${kindOf(expected)}` }];
  if (Array.isArray(expected)) return listFaults(expected, actual as unknown[], path);
  if (typeof expected !== 'object') return [];
  return Object.entries(expected).flatMap(([key, value]) => shapeFaults(value, (actual as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`));
}

function listFaults([first]: readonly unknown[], actual: readonly unknown[], path: string): ShapeFault[] {
  if (first === undefined) return [];
  if (actual.length === 0) return [{ path, text: 'is empty' }];
  return actual.flatMap((one) => shapeFaults(first, one, `${path}[]`));
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** Which id of the one stands for which of the other, for what has the same place in both. Elements of lists are matched by their names. */
export function learnIds(recorded: unknown, ours: unknown, known: Map<string, string>): void {
  if (typeof recorded === 'string' && typeof ours === 'string') {
    if (isId(recorded) && isId(ours)) known.set(recorded, ours);
  } else if (Array.isArray(recorded) && Array.isArray(ours)) {
    for (const [at, one] of recorded.entries()) learnIds(one, ours.find((other) => nameOf(other) !== undefined && nameOf(other) === nameOf(one)) ?? (nameOf(one) === undefined ? ours[at] : undefined), known);
  } else if (isRecord(recorded) && isRecord(ours)) {
    for (const [key, value] of Object.entries(recorded)) learnIds(value, ours[key], known);
  }
}

function nameOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const name = value['application_name'] ?? value['microservice_name'] ?? value['name'] ?? value['cluster_name'];
  return typeof name === 'string' ? name : undefined;
}

function isId(text: string): boolean {
  return /^"?[0-9a-f]{24}"?$/.test(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
