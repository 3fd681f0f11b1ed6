import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { exitCodes, Failure } from '../failure.ts';
import type { World } from '../world.ts';

/** Asks the person at the terminal; `hidden` shows nothing of what is typed. @throws Failure when nobody is there, or they pressed Ctrl-C */
export function ask({ stdin, stderr }: World, question: string, hidden = false): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => { done(); } });
  const lines = createInterface({ input: stdin, output: hidden ? silent : stderr, terminal: stdin.isTTY === true });
  // Only now: from the question on, the terminal itself echoes nothing more of what is typed.
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let answer: string | undefined;
    lines.once('line', (line) => { answer = line; lines.close(); });
    lines.once('SIGINT', () => { reject(new Failure(exitCodes.interrupted, 'interrupted')); lines.close(); });
    lines.once('close', () => {
      if (hidden) stderr.write('\n');
      if (answer === undefined) reject(new Failure(exitCodes.usage, 'the input ended before an answer'));
      else resolve(answer);
    });
  });
}

/** All that comes by stdin. @throws Failure when it is more than `limit` bytes */
export async function readStdin({ stdin }: World, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > limit) throw new Failure(exitCodes.usage, `stdin holds more than ${limit} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
