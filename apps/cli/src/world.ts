import type { Readable, Writable } from 'node:stream';

type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };
export type Keyboard = Readable & { readonly isTTY?: boolean };

/** Everything outside that a command may touch, so that a test can be the outside. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Keyboard;
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly home: string;
}
