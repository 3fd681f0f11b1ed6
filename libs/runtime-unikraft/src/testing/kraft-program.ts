import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const standIn = join(import.meta.dirname, '../../../../tools/fixtures/src/kraft/main.ts');

/** A real kraft where OAK_KRAFT names one, else the stand-in: kraft's commands, output and faults. @returns its path */
export async function kraftProgram(folder: string): Promise<string> {
  const real = process.env['OAK_KRAFT'];
  if (real !== undefined) return real;
  return program(folder, 'kraft', `exec '${process.execPath}' '${standIn}' "$@"`);
}

/** A shell script of that name. */
export async function program(folder: string, name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

export const run = promisify(execFile);
