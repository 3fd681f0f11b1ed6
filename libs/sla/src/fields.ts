import { z } from 'zod';
import { shown } from './shorten.ts';
import { fault } from './violation.ts';

/** No list of a descriptor may be longer; longer input is not even read to its end. */
export const LIST_LIMIT = 4096;
/** Longest single text the Linux kernel hands to a process as an argument or a variable. */
const KERNEL_TEXT_LIMIT = 131_072;

type Complaint = (issue: { readonly code: string; readonly input?: unknown }) => string;

/** Missing is said as missing, whatever the type; the rest is the field's own matter. */
function complaint(missingRemedy: string, wrong: (input: unknown, code: string) => string): { error: Complaint } {
  return { error: ({ code, input }) => (input === undefined ? fault('is missing', missingRemedy) : wrong(input, code)) };
}

const addIt = (description: string): string => `add it: ${description.split('. ')[0] ?? description}`;

export function text(description: string, maxLength = 4096) {
  return z.string(complaint(addIt(description), (input, code) => textFault(input, code, maxLength))).max(maxLength).describe(description);
}

function textFault(input: unknown, code: string, maxLength: number): string {
  if (code === 'too_big') return fault(`is ${String(input).length} characters long`, `use at most ${maxLength} characters`);
  const remedy = typeof input === 'number' ? `write it in quotes: "${input}"` : 'give a text in quotes, or leave the field out';
  return fault(`must be text, is ${shown(input)}`, remedy);
}

/** Text that must match a pattern; `rule` says the pattern in words, `remedy` how to mend a given text. */
export function patterned(description: string, pattern: RegExp, rule: string, remedy: (input: string) => string) {
  const wrong = (input: unknown): string => {
    if (typeof input !== 'string') return textFault(input, 'invalid_type', 0);
    return fault(`must be ${rule}, is ${shown(input)}`, remedy(input));
  };
  return z.string(complaint(addIt(description), wrong)).regex(pattern).describe(description);
}

export const NAME_PATTERN = /^[a-zA-Z0-9]{1,30}$/;

export function name(description: string) {
  return patterned(description, NAME_PATTERN, '1 to 30 letters and digits', (input) => {
    const plain = input.replaceAll(/[^a-zA-Z0-9]/g, '').slice(0, 30);
    return plain === '' ? 'use 1 to 30 letters and digits' : `use letters and digits only, for example "${plain}"`;
  });
}

interface Range {
  readonly min?: number;
  readonly max: number;
  readonly unit: string;
}

export function wholeNumber(description: string, { min = 0, max, unit }: Range) {
  return z.int(complaint(addIt(description), (input) => numberFault(input, 'a whole number', { min, max, unit }))).min(min).max(max).describe(description);
}

export function decimal(description: string, { min = 0, max, unit }: Range) {
  return z.number(complaint(addIt(description), (input) => numberFault(input, 'a number', { min, max, unit }))).min(min).max(max).describe(description);
}

function numberFault(input: unknown, kind: string, { min, max, unit }: Range): string {
  const range = `${kind} from ${min} to ${max}${unit === '' ? '' : ` ${unit}`}`;
  const quoted = typeof input === 'string' && input.trim() !== '' && Number.isFinite(Number(input));
  return fault(`must be ${range}, is ${shown(input)}`, quoted ? `write ${Number(input)} without quotes` : `give ${range}, or leave the field out`);
}

export function flag(description: string) {
  return z.boolean(complaint(addIt(description), (input) => fault(`must be true or false, is ${shown(input)}`, 'write true or false, without quotes'))).describe(description);
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(description: string, words: Words) {
  const all = words.map((word) => `"${word}"`).join(', ');
  return z.enum(words, complaint(addIt(description), (input) => fault(`must be one of ${all}, is ${shown(input)}`, `write one of ${all}, or leave the field out`))).describe(description);
}

export function list<Item extends z.ZodType>(item: Item, description: string, max = LIST_LIMIT) {
  return z.array(item, complaint(addIt(description), (input, code) => listFault(input, code, max))).max(max).describe(description);
}

function listFault(input: unknown, code: string, max: number): string {
  if (code === 'too_big') return fault('has too many entries', `use at most ${max}`);
  return fault(`must be a list, is ${shown(input)}`, 'put it in square brackets: [ ... ]');
}

/** One argument or variable of a process. */
export function processText(description: string, pattern: RegExp, rule: string, remedy: string) {
  return patterned(description, pattern, rule, () => remedy).max(KERNEL_TEXT_LIMIT);
}

export function record<Shape extends z.ZodRawShape>(shape: Shape, noun: string) {
  return z.object(shape, complaint(`add ${noun}`, (input) => fault(`must be ${noun}, is ${shown(input)}`, 'give an object in braces: { ... }')));
}

/** Marks what is parsed for compatibility but that nothing evaluates; parsing warns when it is set. JSON Schema shows it as deprecated. */
export const UNUSED = { deprecated: true } as const;
