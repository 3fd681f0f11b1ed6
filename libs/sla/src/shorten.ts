const TEXT_LIMIT = 80;
const KEYS_SHOWN = 5;

export const shortenText = (text: string): string => (text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT - 1)}…`);

/** A small JSON-serialisable likeness of any value, however large, cyclic or odd. Objects are described, not copied. */
export function shorten(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return shortenText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'undefined':
    case 'boolean':
      return value;
    case 'bigint':
    case 'symbol':
      return shortenText(String(value));
    case 'function':
      return '[function]';
    case 'object':
      return value === null ? null : describeObject(value);
  }
}

/** The same as part of a sentence: text in quotes. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(shortenText(value)) : String(shorten(value));
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `[list of ${value.length}]`;
  const keys = Object.keys(value);
  const more = keys.length > KEYS_SHOWN ? ', …' : '';
  return shortenText(`{${keys.slice(0, KEYS_SHOWN).join(', ')}${more}}`);
}
