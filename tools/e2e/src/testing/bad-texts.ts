import { examplesOf } from '@oak/contracts/testing';
import type { z } from 'zod';

const wrongValues: readonly unknown[] = [null, -1, 1.5, 'x', '', true, [], {}, [[]], 'x'.repeat(5_000)];
const maxSpoilt = 150;

/** Nothing that any message is. The last ones are just below what the server takes. */
const garbage: readonly string[] = [
  '[]', 'null', '{', 'x', '42', '"text"', '\u0000', '[null]', '{"__proto__":{"kind":"complete"}}', `${'['.repeat(100_000)}`, `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  'x'.repeat(1_000_000), JSON.stringify('x'.repeat(1_000_000)), `[${'0,'.repeat(400_000)}0]`,
];

/** What must be refused: first a good message with one wrong field, then the others of that kind, then garbage. */
export function badTexts(schema: z.ZodType): string[] {
  const spoilt = examplesOf(schema).slice(0, 3).flatMap((example) => [...spoiltOf(example)]);
  const bad = spoilt.filter((one) => !schema.safeParse(JSON.parse(JSON.stringify(one))).success);
  const kept = bad.length <= maxSpoilt ? bad : bad.filter((_, at) => at % Math.ceil(bad.length / maxSpoilt) === 0);
  return [...kept.map((one) => JSON.stringify(one)), ...garbage.filter((text) => !isGood(schema, text))];
}

/** Some garbage is a good message of a kind that requires nothing. */
function isGood(schema: z.ZodType, text: string): boolean {
  try {
    return schema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** The value with one field missing or wrong, for each field at any depth. */
function* spoiltOf(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) for (const one of [...wrongValues, ...spoiltOf(item)]) yield value.with(at, one);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
      for (const one of [...wrongValues, ...spoiltOf(field)]) yield { ...value, [key]: one };
    }
  }
}
