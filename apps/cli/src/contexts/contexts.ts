import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import type { World } from '../world.ts';

const contextSchema = z.object({
  /** Of root's REST, without a path. */
  url: z.string(),
  user: z.string().optional(),
  /** Good for minutes. */
  token: z.string().optional(),
  /** Good for weeks; gives new tokens. */
  refreshToken: z.string().optional(),
});
export type Context = z.infer<typeof contextSchema>;
const fileSchema = z.object({ current: z.string(), contexts: z.record(z.string(), contextSchema) });
export type ContextsFile = z.infer<typeof fileSchema>;

export const defaultContext = 'default';
const empty: ContextsFile = { current: defaultContext, contexts: {} };

/** The installations that a person uses, in a file that only they can read. No password is ever in it. */
export class Contexts {
  readonly path: string;

  constructor({ env, home }: Pick<World, 'env' | 'home'>) {
    this.path = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'oakestra', 'contexts.json');
  }

  /** @throws Failure when the file is there and can not be used */
  read(): ContextsFile {
    const text = this.#text();
    if (text === undefined) return empty;
    const parsed = fileSchema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new Failure(exitCodes.failed, `${this.path} can not be read as a file of contexts: ${parsed.error.issues[0]?.message ?? 'unknown fault'}`, 'mend it, or remove it and log in again');
  }

  /** Replaces the file as a whole; a crash leaves the old one or the new one. Mode 0600. */
  write(file: ContextsFile): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const temporary = `${this.path}.${randomBytes(6).toString('hex')}`;
    try {
      writeAlone(temporary, `${JSON.stringify(file, null, 2)}\n`);
      renameSync(temporary, this.path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw new Failure(exitCodes.failed, `${this.path} can not be written: ${messageOf(error)}`);
    }
  }

  /** Changes one context, with what another `oak` has written meanwhile. */
  update(name: string, change: (context: Context | undefined) => Context): void {
    const file = this.read();
    this.write({ ...file, contexts: { ...file.contexts, [name]: change(file.contexts[name]) } });
  }

  /** True when others than the owner could read the tokens; undefined: there is no file. */
  isOpenToOthers(): boolean | undefined {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return stats && (stats.mode & 0o077) !== 0;
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new Failure(exitCodes.failed, `${this.path} can not be read: ${messageOf(error)}`);
    }
  }
}

/** A new file that was never readable by others, whatever the umask says. */
function writeAlone(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
