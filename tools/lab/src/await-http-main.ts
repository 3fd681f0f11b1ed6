// Runs inside a host: ends with 0 once the URL answers 200, with 1 and the last answer after the deadline.
import { setTimeout as pause } from 'node:timers/promises';

const [url = '', deadlineMs = ''] = process.argv.slice(2);
const end = Date.now() + Number(deadlineMs);

const answer = async (): Promise<string> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return response.ok ? 'ok' : `${response.status} ${await response.text()}`;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return (cause instanceof Error ? cause : error instanceof Error ? error : new Error(url)).message;
  }
};

let last = await answer();
while (last !== 'ok' && Date.now() < end) {
  await pause(30);
  last = await answer();
}
if (last !== 'ok') {
  console.error(last);
  process.exitCode = 1;
}
