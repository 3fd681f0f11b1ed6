import type { Terminal } from './terminal/terminal.ts';
import type { Output } from './terminal/listing.ts';
import type { World } from './world.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly context?: string;
  readonly url?: string;
  readonly output?: Output;
  readonly quiet?: boolean;
  readonly headers: boolean;
  readonly timeout?: number;
}

/** One call of a command. */
export interface Invocation<Args extends readonly unknown[] = readonly unknown[], Options = object> {
  readonly world: World;
  readonly terminal: Terminal;
  readonly args: Args;
  readonly options: CommonOptions & Options;
}

const usualTimeoutMs = 30_000;
const usualWaitMs = 60_000;

/** Which installation, for `connect`. */
export function choiceOf({ options }: Invocation): { context?: string; url?: string; timeoutMs: number } {
  const { context, url, timeout } = options;
  return { ...(context !== undefined && { context }), ...(url !== undefined && { url }), timeoutMs: Math.min(timeout ?? usualTimeoutMs, usualTimeoutMs) };
}

/** How long `--wait` is patient. */
export const patienceOf = ({ options }: Invocation): number => options.timeout ?? usualWaitMs;

export const outputOf = ({ options }: Invocation): Output => (options.quiet ? 'name' : options.output ?? 'table');
