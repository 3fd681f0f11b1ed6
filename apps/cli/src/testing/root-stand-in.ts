import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly token: string | undefined; readonly lastEventId: string | undefined; readonly body: unknown }
/** A status and a body, or `raw`: by hand, as a broken network would. */
export interface Answer { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly raw?: (response: ServerResponse) => void }
export type Answers = Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>;

/** Answers as root might when something is wrong; what goes right is tested against root itself. */
export async function rootStandIn(answers: Answers): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => { void serve(answers, asked, request, response); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => new Promise<void>((resolve) => {
    server.close(() => { resolve(); });
    server.closeAllConnections();
  }));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function serve(answers: Answers, asked: Asked[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  const url = new URL(request.url ?? '/', 'http://root');
  const one: Asked = {
    method: request.method ?? '', path: url.pathname, query: url.searchParams, token: request.headers.authorization?.replace('Bearer ', ''),
    lastEventId: request.headers['last-event-id']?.toString(), body: text === '' ? undefined : JSON.parse(text) as unknown,
  };
  asked.push(one);
  reply(answerTo(answers, one), response);
}

function answerTo(answers: Answers, one: Asked): Answer {
  const found = answers[`${one.method} ${one.path}`];
  if (found === undefined) return problem(404, `Cannot ${one.method} ${one.path}`);
  return typeof found === 'function' ? found(one) : found;
}

function reply({ status = 200, body = {}, headers = {}, raw }: Answer, response: ServerResponse): void {
  if (raw) { raw(response); return; }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Where nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
  return `http://127.0.0.1:${port}`;
}

export function problem(status: number, detail: string, errors?: readonly unknown[]): Answer {
  return { status, body: { title: 'no', status, detail, ...(errors && { errors }) } };
}

/** Signed by nobody; oak only reads who it is of. */
export function aToken(roles: readonly string[] = ['Admin'], more: object = {}): string {
  return ['{}', JSON.stringify({ sub: 'Admin', roles, ...more }), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
}
