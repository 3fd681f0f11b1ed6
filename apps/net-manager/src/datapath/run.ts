import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program of the system, feeds `input` and waits. Rejects when it can not be started or does not end in time. */
export type Run = (program: string, args: readonly string[], input?: string) => Promise<Output>;

/** Which Debian package brings it. */
const packages: Readonly<Record<string, string>> = { ip: 'iproute2', bridge: 'iproute2', nft: 'nftables', nsenter: 'util-linux', conntrack: 'conntrack' };
/** Thousands of services at once take the kernel seconds on a slow machine. */
const timeoutMs = 60_000;

export const run: Run = (program, args, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missing(program) : error));
    child.on('close', (code, signal) => {
      if (code === null) reject(new Error(`${program} ${args.join(' ')}: ended by ${signal ?? 'nobody'}, it may take ${timeoutMs} ms`));
      else resolve({ code, stdout: stdout(), stderr: stderr() });
    });
    // A program that ends before it has read everything says why by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** @throws Error that names the first of the programs that this process can not find, and its package */
export function requirePrograms(path = process.env['PATH'] ?? ''): void {
  const folders = path.split(delimiter);
  const lacking = Object.keys(packages).find((program) => !folders.some((folder) => isProgram(join(folder, program))));
  if (lacking !== undefined) throw missing(lacking);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(program: string): Error {
  return new Error(`${program} is not installed or not in PATH (Debian package ${packages[program] ?? program})`);
}
