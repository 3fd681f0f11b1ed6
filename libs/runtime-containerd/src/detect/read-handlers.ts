import { globSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { importsOf, parseHandlers, type ConfigFile, type ParsedHandlers } from './handlers.ts';

export interface Detected extends ParsedHandlers {
  /** Every file that was read, and the main one even if it is not there: watch them. */
  readonly files: readonly string[];
}

/** Reads the daemon's configuration with what it imports. No file means containerd's defaults. */
export function readHandlers(configPath: string): Detected {
  const files: ConfigFile[] = [];
  const problems: string[] = [];
  const queue = [configPath];
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = readText(path, problems);
    if (text === undefined) continue;
    files.push({ path, text });
    for (const glob of importsOf({ path, text })) queue.push(...globSync(isAbsolute(glob) ? glob : join(dirname(path), glob)).sort());
  }
  const parsed = parseHandlers(files);
  return { handlers: parsed.handlers, problems: [...problems, ...parsed.problems], files: [...seen] };
}

function readText(path: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`${path}: ${String(error)}`);
    return undefined;
  }
}
