import { once } from 'node:events';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { Readable } from 'node:stream';

export interface Sent { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string; /** Ends it at any time, its body too. */ readonly signal: AbortSignal }

/** One question over HTTP or HTTPS, as fetch asks it. fetch gives up a body that is silent for five minutes, but who follows output or events waits for as long as it takes. */
export async function exchange(url: string, { method, headers, body, signal }: Sent): Promise<Response> {
  const request = (url.startsWith('https:') ? requestSecure : requestPlain)(url, { method, headers, signal });
  // What breaks it later is told by its body.
  request.on('error', () => undefined);
  request.end(body);
  const [message] = await once(request, 'response') as [IncomingMessage];
  const { statusCode: status = 0, headers: { location } } = message;
  if (status < 300 || status >= 400) return responseOf(message, status);
  message.destroy();
  // Elsewhere the token is nobody's business.
  throw new Error(`it sends away to ${location ?? 'nowhere'}`);
}

function responseOf(message: IncomingMessage, status: number): Response {
  const headers = Object.entries(message.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(Readable.toWeb(message), { status, headers });
}
