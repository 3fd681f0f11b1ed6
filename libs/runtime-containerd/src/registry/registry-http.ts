import { readFile } from 'node:fs/promises';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { RuntimeError } from '@oak/runtime';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { isLoopback, type Endpoint } from './registry-config.ts';
import { RegistryError, refused, unreachable } from './registry-error.ts';

export interface Timeouts {
  /** From looking up the name to the connection. */
  readonly connectMs: number;
  /** From the request to the headers of the answer. */
  readonly headersMs: number;
  /** Longest silence inside a body. */
  readonly bodyMs: number;
}
export const defaultTimeouts: Timeouts = { connectMs: 5_000, headersMs: 30_000, bodyMs: 60_000 };

export interface Ask {
  readonly endpoint: Endpoint;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Named in errors: who and what. */
  readonly where: string;
  readonly subject: string;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Buffer>;
  /** Reads at most that many bytes; more is `invalid`. */
  bytes(limit: number): Promise<Buffer>;
  /** Lets the connection go without reading the rest. */
  dump(): Promise<void>;
}

const maxRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

/** HTTP for registries: one pool of connections for each set of authorities, redirects without credentials, errors that say where. */
export class RegistryHttp {
  readonly #timeouts: Timeouts;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(timeouts: Timeouts = defaultTimeouts) {
    this.#timeouts = timeouts;
  }

  /** The answer to a GET after redirects, whatever its status. Throws `RegistryError` when there is none, or the signal's reason. */
  async get(ask: Ask): Promise<Answer> {
    let { url, headers } = ask;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const answer = await this.#once(ask, url, headers);
      const location = redirects.includes(answer.status) ? answer.headers['location'] : undefined;
      if (typeof location !== 'string') return answer;
      await answer.dump();
      const next = redirected(ask, url, location);
      // Storage behind a registry is another party: it must not see the registry's credentials.
      if (next.origin !== url.origin) headers = without(headers, 'authorization');
      url = next;
    }
    throw new RegistryError('temporary', `${ask.where}: more than ${maxRedirects} redirects for ${ask.subject}`);
  }

  /** The error for an answer that is not a success; reads its text. */
  async refusal(ask: Ask, answer: Answer): Promise<RegistryError> {
    const text = (await answer.bytes(16 * 1024).catch(() => Buffer.alloc(0))).toString();
    const retryAfter = answer.headers['retry-after'];
    return refused(ask.where, ask.subject, { status: answer.status, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined, text });
  }

  async close(): Promise<void> {
    const dispatchers = await Promise.allSettled(this.#dispatchers.values());
    this.#dispatchers.clear();
    await Promise.all(dispatchers.flatMap((made) => (made.status === 'fulfilled' ? [made.value.destroy()] : [])));
  }

  async #once(ask: Ask, url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const dispatcher = await this.#dispatcherFor(ask.endpoint, url);
    try {
      const answer = await dispatcher.request({
        origin: url.origin, path: url.pathname + url.search, method: 'GET', headers, signal: ask.signal ?? null,
        headersTimeout: this.#timeouts.headersMs, bodyTimeout: this.#timeouts.bodyMs,
      });
      return {
        status: answer.statusCode, headers: answer.headers, body: bodyOf(ask, answer.body), dump: () => answer.body.dump(),
        bytes: (limit) => collect(ask, bodyOf(ask, answer.body), limit),
      };
    } catch (error) {
      throw failure(ask, error);
    }
  }

  #dispatcherFor({ config: { caFile } }: Endpoint, { host }: URL): Promise<Dispatcher> {
    const loopback = isLoopback(host);
    const key = `${loopback ? 'direct' : 'proxied'} ${caFile ?? ''}`;
    const known = this.#dispatchers.get(key);
    if (known) return known;
    const made = this.#makeDispatcher(caFile, loopback);
    this.#dispatchers.set(key, made);
    // A file that appears later must be read then.
    made.catch(() => this.#dispatchers.delete(key));
    return made;
  }

  async #makeDispatcher(caFile: string | undefined, loopback: boolean): Promise<Dispatcher> {
    const trust = caFile === undefined ? {} : { secureContext: await trusting(caFile) };
    const connect = { timeout: this.#timeouts.connectMs, ...trust };
    return loopback ? new Agent({ connect }) : new EnvHttpProxyAgent({ connect, requestTls: trust });
  }
}

/** Made once: parsing some 150 certificates for every connection would take longer than the connection. */
async function trusting(caFile: string): Promise<SecureContext> {
  try {
    return createSecureContext({ ca: [...getCACertificates('default'), await readFile(caFile, 'utf8')] });
  } catch (cause) {
    throw new RuntimeError('temporary', `registry caFile ${caFile}: ${(cause as Error).message}; expected a PEM file`, { cause });
  }
}

function redirected(ask: Ask, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new RegistryError('temporary', `${ask.where}: redirects ${ask.subject} to ${JSON.stringify(location)}, which is no address`);
  const next = new URL(location, from);
  const downgraded = from.protocol === 'https:' && next.protocol !== 'https:';
  if (downgraded || !/^https?:$/.test(next.protocol)) throw new RegistryError('temporary', `${ask.where}: redirects ${ask.subject} to ${next.protocol}//${next.host}, which is not safe`);
  return next;
}

async function* bodyOf(ask: Ask, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw failure(ask, error);
  }
}

async function collect(ask: Ask, body: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new RegistryError('invalid', `${ask.where}: more than ${limit} bytes for ${ask.subject}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const failure = (ask: Ask, error: unknown): Error => (ask.signal?.aborted ? (ask.signal.reason as Error) : unreachable(ask.where, ask.subject, error));

const without = (headers: Readonly<Record<string, string>>, name: string) => Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name));
