import { createReadStream } from 'node:fs';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { RuntimeError } from '@oak/runtime';
import { Agent, request } from 'undici';
import { z } from 'zod';

export interface DownloadOptions {
  readonly maxBytes: number;
  readonly connectMs: number;
  /** Without a byte for this long, a connection is broken. */
  readonly idleMs: number;
  readonly attempts: number;
  /** For one host, never for whom it redirects to. */
  readonly authorize: (url: URL) => string | undefined;
}

/** By what a server tells one content from another. */
const validatorsSchema = z.object({ etag: z.string().optional(), lastModified: z.string().optional() });
export type Validators = z.infer<typeof validatorsSchema>;

export type Downloaded = { readonly kind: 'unchanged' } | { readonly kind: 'changed'; readonly path: string; readonly validators: Validators };

const longestRedirect = 5;

/** Fetches files by HTTP into a folder; one that was cut off goes on where it broke, also in another life of this process. */
export class Downloads {
  readonly #options: DownloadOptions;
  readonly #agent: Agent;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#agent = new Agent({ connect: { timeout: options.connectMs }, headersTimeout: options.idleMs, bodyTimeout: options.idleMs });
  }

  /** Into `path`, which is the caller's to delete. `known`: what was fetched earlier. @throws RuntimeError invalid: the server refuses; temporary */
  async fetch(address: string, path: string, known: Validators | undefined, signal: AbortSignal): Promise<Downloaded> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(new URL(address), path, known, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = error instanceof RuntimeError ? error : new RuntimeError('temporary', `kernel ${address}: ${messageOf(error)}`, { cause: error });
        if (failure.kind !== 'temporary' || attempt >= this.#options.attempts) throw failure;
      }
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #once(url: URL, path: string, known: Validators | undefined, signal: AbortSignal): Promise<Downloaded> {
    const begun = await readBegun(path);
    const strong = begun?.etag?.startsWith('W/') === false ? begun.etag : undefined;
    const offset = strong === undefined ? 0 : await stat(path).then(({ size }) => size, () => 0);
    const headers: Record<string, string> = {
      ...(known?.etag !== undefined && { 'if-none-match': known.etag }), ...(known?.etag === undefined && known?.lastModified !== undefined && { 'if-modified-since': known.lastModified }),
      ...(offset > 0 && strong !== undefined && { range: `bytes=${offset}-`, 'if-range': strong }),
    };
    const { statusCode, headers: answered, body } = await this.#follow(url, headers, signal);
    if (statusCode === 304) {
      await body.dump();
      return { kind: 'unchanged' };
    }
    if (statusCode === 416) {
      await Promise.all([body.dump(), rm(path, { force: true })]);
      throw new RuntimeError('temporary', `kernel ${url.href}: what was fetched of it is no part of it any more`);
    }
    if (statusCode !== 200 && statusCode !== 206) {
      await body.dump();
      throw new RuntimeError(statusCode >= 500 || statusCode === 429 || statusCode === 408 ? 'temporary' : 'invalid', `kernel ${url.href}: the server answers ${statusCode}`);
    }
    const validators = validatorsOf(answered);
    await writeFile(`${path}.json`, JSON.stringify(validators));
    await this.#save(body, path, statusCode === 206 ? offset : 0, expectedOf(answered), url);
    return { kind: 'changed', path, validators };
  }

  async #follow(from: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Awaited<ReturnType<typeof request>>> {
    let url = from;
    for (let hops = 0; ; hops++) {
      const authorization = url.host === from.host ? this.#options.authorize(url) : undefined;
      const response = await request(url, { dispatcher: this.#agent, signal, headers: { ...headers, ...(authorization !== undefined && { authorization }) } });
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string') return response;
      await response.body.dump();
      const next = new URL(location, url);
      if (hops === longestRedirect || !/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol === 'http:')) throw new RuntimeError('invalid', `kernel ${from.href}: it redirects to ${next.href}, which is not followed`);
      url = next;
    }
  }

  async #save(body: AsyncIterable<Uint8Array>, path: string, offset: number, expected: number | undefined, url: URL): Promise<void> {
    await using file = await open(path, offset > 0 ? 'r+' : 'w', 0o600);
    let at = offset;
    for await (const chunk of body) {
      await file.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      if (at > this.#options.maxBytes) {
        await rm(path, { force: true });
        throw new RuntimeError('invalid', `kernel ${url.href}: it has more than ${Math.floor(this.#options.maxBytes / 2 ** 20)} MiB, which this node does not take`);
      }
    }
    if (expected !== undefined && at - offset !== expected) throw new RuntimeError('temporary', `kernel ${url.href}: it ended ${expected - (at - offset)} bytes early`);
  }
}

export const readChunks = (path: string): AsyncIterable<Uint8Array> => createReadStream(path);

/** A download and what belongs to it. */
export const dropDownload = async (path: string): Promise<void> => { await Promise.all([rm(path, { force: true }), rm(`${path}.json`, { force: true })]); };

async function readBegun(path: string): Promise<Validators | undefined> {
  const text = await readFile(`${path}.json`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : validatorsSchema.safeParse(JSON.parse(text)).data;
}

function validatorsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Validators {
  const { etag, 'last-modified': lastModified } = headers;
  return { ...(typeof etag === 'string' && { etag }), ...(typeof lastModified === 'string' && { lastModified }) };
}

function expectedOf(headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined {
  const { 'content-length': length } = headers;
  return typeof length === 'string' && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** Of the whole chain: "fetch failed" says nothing. */
function messageOf(error: unknown): string {
  const { message = String(error), cause, code } = error as { message?: string; cause?: unknown; code?: string };
  return cause === undefined ? message || (code ?? String(error)) : messageOf(cause);
}
