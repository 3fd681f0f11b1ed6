import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import type { Rest } from './rest.ts';

/** `open`: from here on nothing is missed, so what was read before may be old. `resync`: some were missed, so it is old. */
export type Notice = { readonly kind: 'open' | 'resync' } | { readonly kind: 'event'; readonly type: string; readonly id: string; readonly body: Readonly<Record<string, unknown>> };
export interface WatchOptions { readonly query: string; readonly signal: AbortSignal; readonly after?: string; /** The stream broke; it is opened again. */ readonly onBreak?: (reason: string) => void }

const bodySchema = z.record(z.string(), z.unknown());
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Root's events until `signal`. A stream that was open once is opened again when it breaks, after the last event. @throws Failure when it can not be opened the first time */
export async function* watch(rest: Rest, { query, signal, after, onBreak }: WatchOptions): AsyncGenerator<Notice, void> {
  let last = after;
  let pauseMs = firstPauseMs;
  for (let opened = false; !signal.aborted;) {
    try {
      const response = await rest.open(`/api/events${query === '' ? '' : `?${query}`}`, { signal, headers: { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) } });
      [opened, pauseMs] = [true, firstPauseMs];
      yield { kind: 'open' };
      for await (const frame of frames(response)) {
        const notice = noticeOf(frame);
        if (notice?.kind === 'event') last = notice.id;
        if (notice) yield notice;
      }
      onBreak?.('root ended the stream');
    } catch (error) {
      if (signal.aborted) return;
      if (!opened || (error instanceof Failure && error.exitCode === exitCodes.notAllowed)) throw error;
      onBreak?.(error instanceof Error ? error.message : String(error));
    }
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function* frames({ body }: Response): AsyncGenerator<string> {
  if (!body) return;
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const all = (rest + chunk).split('\n\n');
    rest = all.pop() ?? '';
    yield* all;
  }
}

/** Undefined: a comment that keeps the line warm. */
function noticeOf(frame: string): Notice | undefined {
  const fields = new Map(frame.split('\n').filter((line) => !line.startsWith(':')).map((line) => {
    const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    return [name, value];
  }));
  const type = fields.get('event');
  if (type === 'resync') return { kind: 'resync' };
  const body = bodySchema.safeParse(jsonOf(fields.get('data')));
  return type === undefined || !body.success ? undefined : { kind: 'event', type, id: fields.get('id') ?? '', body: body.data };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
