const maxFaults = 3;
const maxText = 500;

/** A fault as zod and others name it. */
interface Issue { readonly path?: readonly PropertyKey[]; readonly message?: string }

/** Why a payload is refused, with the fields at fault, short enough for a log line and a header: `instances[3].status: Invalid option; and 7 more`. */
export function faultsOf(error: unknown): string {
  const issues = issuesOf(error);
  if (!issues) return oneLine(error instanceof Error ? error.message : String(error));
  const said = issues.slice(0, maxFaults).map(({ path = [], message = '' }) => `${pathText(path)}: ${message}`);
  return oneLine([...said, ...(issues.length > maxFaults ? [`and ${issues.length - maxFaults} more`] : [])].join('; '));
}

/** Bounded, and without control characters: what a stranger sent must not forge a log line or a header. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length <= maxText ? line : `${line.slice(0, maxText - 1)}…`;
}

function issuesOf(error: unknown): readonly Issue[] | undefined {
  const { issues } = (error ?? {}) as { issues?: unknown };
  return Array.isArray(issues) && issues.length > 0 ? issues as Issue[] : undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text === '' ? 'payload' : text.replace(/^\./, '');
}
