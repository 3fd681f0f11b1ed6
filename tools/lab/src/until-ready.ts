import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execIn } from './host.ts';
import type { HostRecord, ProgramRecord, Ready } from './lab-record.ts';
import { isAlive } from './process-identity.ts';

const awaitHttp = fileURLToPath(new URL('./await-http-main.ts', import.meta.url));

/** Resolves when the program serves. @throws Error with the end of its log when it ends before, or after the deadline */
export async function untilReady(host: HostRecord, program: ProgramRecord, deadlineMs = 60_000): Promise<void> {
  if (program.ready === undefined) return;
  const settled = new AbortController();
  try {
    await Promise.race([answering(host, program.ready, deadlineMs, settled.signal), ended(program, settled.signal)]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${program.name} on ${host.name} is not ready: ${reason}\n${await lastLines(program.log)}`, { cause });
  } finally {
    settled.abort();
  }
}

async function ended(program: ProgramRecord, settled: AbortSignal): Promise<never> {
  while (!settled.aborted && (await isAlive(program.process))) await pause(50);
  throw new Error('it ended');
}

async function answering(host: HostRecord, ready: Ready, deadlineMs: number, settled: AbortSignal): Promise<void> {
  if (ready.kind === 'socket') return listening(ready.path, deadlineMs, settled);
  const outcome = await execIn(host.init, [process.execPath, awaitHttp, ready.url, String(deadlineMs)], { timeoutMs: deadlineMs + 10_000 });
  if (outcome.exitCode !== 0) throw new Error(`${ready.url} does not answer 200 in ${deadlineMs} ms: ${outcome.stderr}`);
}

async function listening(path: string, deadlineMs: number, settled: AbortSignal): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await accepts(path))) {
    if (settled.aborted || Date.now() > end) throw new Error(`nobody listens on ${path} after ${deadlineMs} ms`);
    await pause(20);
  }
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function lastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return `${log}:\n${text.trimEnd().split('\n').slice(-15).map((line) => `    ${line}`).join('\n')}`;
}
