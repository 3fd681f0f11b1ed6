import type { Output, Run } from './run.ts';

/** A program of the system refused; the message has its own words and the line that it refused. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** What should be worked on does not exist. */
export class Absent extends ToolError {}

/** Of iproute2. `ip -6` is for rules, which have their family from nowhere else. */
export type Batcher = 'ip' | 'ip -6' | 'bridge';

/** One program for many lines. Stops at the first that fails. @throws ToolError */
export async function batch(run: Run, batcher: Batcher, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) must(batcher, lines, await run(...commandOf(batcher, ['-batch', '-']), text(lines)));
}

const absent = /^Cannot find device |: No such (?:file or directory|device|process)$|: Cannot assign requested address$|^Command failed -:\d+$/;

/** Goes on after a failure; what is absent already is no failure. @throws ToolError */
export async function batchRemove(run: Run, batcher: Batcher, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const output = await run(...commandOf(batcher, ['-force', '-batch', '-']), text(lines));
  const faults = output.stderr.split('\n').filter((line) => line && !absent.test(line));
  if (faults.length > 0) throw new ToolError(`${batcher}: ${faults.join('; ')}`);
}

function commandOf(batcher: Batcher, args: readonly string[]): [string, string[]] {
  const [program = '', ...first] = batcher.split(' ');
  return [program, [...first, ...args]];
}

/** All lines in one transaction. @throws ToolError */
export async function nft(run: Run, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) must('nft', lines, await run('nft', ['-f', '-'], text(lines)));
}

/** Lines for a shell command inside a named network namespace. @throws Absent when the namespace or its eth0 is gone, ToolError */
export async function inNetns(run: Run, netnsPath: string, shell: string, lines: readonly string[]): Promise<void> {
  const output = await run('nsenter', [`--net=${netnsPath}`, '/bin/sh', '-c', shell], text(lines));
  if (output.code !== 0 && /cannot open|reassociate|nonexistent|No such file|Cannot find device/.test(output.stderr)) throw new Absent(`${netnsPath}: ${output.stderr.trim()}`);
  must(`in ${netnsPath}`, lines, output);
}

/** What `conntrack -L` prints of both families. @throws ToolError */
export async function trackedFlows(run: Run): Promise<string> {
  const families = await Promise.all(['ipv4', 'ipv6'].map(async (family) => {
    const output = await run('conntrack', ['-L', '-f', family]);
    must('conntrack', [], output);
    return output.stdout;
  }));
  return families.join('');
}

/** It opens /dev/stdin by name, which works for a pipe of the shell but not for the socket that a child's input is. @throws ToolError */
export async function conntrack(run: Run, lines: readonly string[]): Promise<void> {
  must('conntrack', lines, await run('/bin/sh', ['-c', 'cat | conntrack -R -'], text(lines)));
}

/** Undefined when there is nothing of that name. @throws ToolError */
export async function json(run: Run, program: string, args: readonly string[]): Promise<unknown> {
  const output = await run(program, args);
  if (output.code !== 0 && /No such file or directory/.test(output.stderr)) return undefined;
  must(program, [args.join(' ')], output);
  return JSON.parse(output.stdout || '[]');
}

function must(program: string, lines: readonly string[], { code, stderr }: Output): void {
  if (code === 0) return;
  const line = lines[Number(/(?:failed -|\/dev\/stdin):(\d+)/.exec(stderr)?.[1] ?? Number.NaN) - 1];
  throw new ToolError(`${program}: ${stderr.trim().replaceAll('\n', '; ') || `exit code ${code}`}${line === undefined ? '' : ` (${line.split('\n')[0]})`}`);
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
