import { plain } from './terminal/words.ts';

/** What the process ends with; documented in `oak --help` and docs/cli.md. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, notAllowed: 4, unreachable: 5, timedOut: 6, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One thing that is wrong, and what would be right. */
export interface Fault {
  /** Where: a field's path, a file, a check. Empty: nowhere in particular. */
  readonly path: string;
  readonly message: string;
  readonly remedy?: string;
}

/** The command can not do what was asked. The only error that users are meant to see. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  readonly faults: readonly Fault[];

  constructor(exitCode: ExitCode, message: string, remedy?: string, faults: readonly Fault[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.remedy = remedy;
    this.faults = faults;
  }
}

/** The text of a failure, its faults one a line. What others said in it can not steer the terminal. */
export function failureText({ message, remedy, faults }: Failure): string {
  const lines = faults.map((fault) => `  ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}${fault.remedy === undefined ? '' : `; ${fault.remedy}`}`);
  return [...message.split('\n'), ...lines, ...(remedy === undefined ? [] : [`  ${remedy}`])].map(plain).join('\n');
}
