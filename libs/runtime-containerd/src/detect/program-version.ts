import { execFile } from 'node:child_process';

const patienceMs = 5_000;
const mostBytes = 64 * 1024;
const longest = 100;

/** What `<program> --version` says, e.g. `1.1.5+ds1`. Undefined: it does not say, or not in time. @throws only the signal's reason */
export async function programVersion(path: string, signal: AbortSignal, deadlineMs = patienceMs): Promise<string | undefined> {
  signal.throwIfAborted();
  const said = await new Promise<string>((resolve) => {
    execFile(path, ['--version'], { timeout: deadlineMs, killSignal: 'SIGKILL', maxBuffer: mostBytes, signal }, (error, stdout) => { resolve(error ? '' : stdout); });
  });
  signal.throwIfAborted();
  return parseVersion(said);
}

/** `runc version 1.1.5+ds1`, `crun version 1.8.1`, `kata-runtime  : 3.2.0`: the first word with a number in it. A build that does not know has none. */
export function parseVersion(text: string): string | undefined {
  const [first = ''] = text.split('\n');
  return first.split(/[\s,;]+/).slice(1).find((word) => /^[A-Za-z-]*\d/.test(word) && word.length <= longest);
}
