import { z } from 'zod';
import { shorten } from './shorten.ts';

/** One fault of a descriptor. A descriptor with a violation is refused as a whole. */
export interface Violation {
  /** Where, e.g. `applications[0].microservices[1].vcpus`; `` is the whole descriptor. */
  readonly path: string;
  /** What stands there, shortened and always JSON-serialisable; undefined = nothing. */
  readonly value: unknown;
  /** What is wrong, without the path. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
}

/** Something that is accepted but may not do what its author thinks. */
export interface Warning {
  readonly path: string;
  readonly message: string;
  /** The known field that was probably meant. */
  readonly suggestion?: string;
}

export type Path = readonly (string | number)[];

const ARROW = ' -> ';

/** The text of a zod issue: what is wrong, then what would be right. `violationsOf` takes it apart again. */
export const fault = (message: string, remedy: string): string => `${message}${ARROW}${remedy}`;

export const printPath = (path: Path): string => z.core.toDotPath(path);

export function violation(path: Path, value: unknown, message: string, remedy: string): Violation {
  return { path: printPath(path), value: shorten(value), message, remedy };
}

export function violationsOf(error: z.ZodError, input: unknown): Violation[] {
  return error.issues.map(({ path, message }) => {
    const steps = path.filter((step) => typeof step !== 'symbol');
    return violation(steps, valueAt(input, steps), ...apart(message));
  });
}

/** The last arrow counts: what stands in the descriptor may be quoted before it, never after it. */
function apart(message: string): [wrong: string, remedy: string] {
  const at = message.lastIndexOf(ARROW);
  return at < 0 ? [message, 'see the reference of the descriptor'] : [message.slice(0, at), message.slice(at + ARROW.length)];
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce((value, step) => (isRecord(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[step] : undefined), input);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
