import { BadReply, InvalidMessage } from './bus-error.ts';
import type { RequestOptions } from './bus.ts';
import { faultsOf } from './faults.ts';
import { parse } from './intake.ts';
import type { Parser } from './message.ts';

/** The payload as it travels. @throws InvalidMessage before anything is sent */
export function encode(subject: string, payload: unknown, maxBytes: number): string {
  return checkSize(subject, payload === undefined ? '' : JSON.stringify(payload), maxBytes);
}

export function checkSize(subject: string, text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw new InvalidMessage(`${subject}: the payload has ${bytes} bytes, the bus takes ${maxBytes}`);
  return text;
}

export function decodeReply<R>(subject: string, reply: Parser<R>, text: string): R {
  try {
    return parse(reply, text);
  } catch (error) {
    throw new BadReply(`${subject}: the reply does not parse: ${faultsOf(error)}`, { cause: error });
  }
}

export function requestOptions(limits: number | RequestOptions): RequestOptions {
  return typeof limits === 'number' ? { timeoutMs: limits } : limits;
}
