import type { Invocation } from '../invocation.ts';
import { scripts, type Shell } from './scripts.ts';

/** `oak completion SHELL` */
export async function printScript({ terminal, args: [shell] }: Invocation<readonly [Shell]>): Promise<void> {
  await terminal.print(scripts[shell]);
}
