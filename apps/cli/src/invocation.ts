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
  readonly wait?: boolean;
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
  const { context, url, timeout = usualTimeoutMs, wait } = options;
  // Who waits long for instances does not wait that long for a root that is away.
  return { ...(context !== undefined && { context }), ...(url !== undefined && { url }), timeoutMs: wait ? Math.min(timeout, usualTimeoutMs) : timeout };
}

/** How long `--wait` is patient. */
export const patienceOf = ({ options }: Invocation): number => options.timeout ?? usualWaitMs;

export const outputOf = ({ options }: Invocation): Output => (options.quiet ? 'name' : options.output ?? 'table');
