import { z } from 'zod';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Endpoint } from './registry-config.ts';
import { RegistryError } from './registry-error.ts';
import type { Answer, Ask, RegistryHttp } from './registry-http.ts';

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional(), expires_in: z.number().optional() });
const tokenBytes = 256 * 1024;
/** The distribution specification's default life of a token. */
const defaultLifeSeconds = 60;
/** A token that is about to expire would fail on the way. */
const marginMs = 10_000;

interface Grant {
  readonly header: string;
  readonly untilMs: number;
}

/** Remembers what each endpoint wanted to see for each repository, and fetches it again when it expires. */
export class Authorization {
  readonly #http: RegistryHttp;
  readonly #nowMs: () => number;
  readonly #grants = new Map<string, Grant>();

  constructor(http: RegistryHttp, nowMs: () => number) {
    this.#http = http;
    this.#nowMs = nowMs;
  }

  /** GET with whatever the endpoint asks for. Any status comes back; 401 means that nothing we have convinces it. */
  async get(ask: Ask, repository: string): Promise<Answer> {
    const key = `${ask.endpoint.base.href} ${repository}`;
    const known = this.#grants.get(key);
    const header = known && known.untilMs > this.#nowMs() ? known.header : undefined;
    const answer = await this.#http.get(withHeader(ask, header));
    if (answer.status !== 401) return answer;
    const grant = await this.#grantFor(ask, repository, parseChallenges(String(answer.headers['www-authenticate'] ?? '')));
    if (!grant || (grant.header === header && known?.untilMs === Infinity)) return answer;
    await answer.dump();
    this.#grants.set(key, grant);
    return this.#http.get(withHeader(ask, grant.header));
  }

  async #grantFor(ask: Ask, repository: string, challenges: readonly Challenge[]): Promise<Grant | undefined> {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return this.#token(ask, repository, bearer);
    const basic = basicHeader(ask.endpoint);
    return basic !== undefined && challenges.some(({ scheme }) => scheme === 'basic') ? { header: basic, untilMs: Infinity } : undefined;
  }

  async #token(ask: Ask, repository: string, { parameters }: Challenge): Promise<Grant> {
    const url = realmOf(ask, parameters['realm'] ?? '');
    if (parameters['service'] !== undefined) url.searchParams.set('service', parameters['service']);
    url.searchParams.set('scope', parameters['scope'] ?? `repository:${repository}:pull`);
    const basic = basicHeader(ask.endpoint);
    const request: Ask = { ...ask, url, headers: basic === undefined ? {} : { authorization: basic }, subject: `token of ${url.host}` };
    const answer = await this.#http.get(request);
    if (answer.status !== 200) throw await this.#http.refusal(request, answer);
    return this.#parsed(request, await answer.bytes(tokenBytes));
  }

  #parsed(ask: Ask, bytes: Buffer): Grant {
    const content = tokenSchema.safeParse(jsonOf(bytes));
    const token = content.data?.token ?? content.data?.access_token;
    if (token === undefined || /[^\x21-\x7e]/.test(token)) throw new RegistryError('temporary', `${ask.where}: ${ask.subject}: the answer holds no token`);
    return { header: `Bearer ${token}`, untilMs: this.#nowMs() + (content.data?.expires_in ?? defaultLifeSeconds) * 1000 - marginMs };
  }
}

/** Credentials travel to the realm, so it must be encrypted, or be the host that is spoken to in the clear already. */
function realmOf(ask: Ask, realm: string): URL {
  if (!URL.canParse(realm)) throw new RegistryError('temporary', `${ask.where}: asks for a token from ${JSON.stringify(realm)}, which is no address`);
  const url = new URL(realm);
  const { base } = ask.endpoint;
  const clear = url.protocol === 'http:' && base.protocol === 'http:' && url.hostname === base.hostname;
  if (url.protocol !== 'https:' && !clear) throw new RegistryError('temporary', `${ask.where}: asks for a token from ${url.origin}, which is not safe`);
  return url;
}

function basicHeader({ config: { username, password } }: Endpoint): string | undefined {
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

const withHeader = (ask: Ask, header: string | undefined): Ask => (header === undefined ? ask : { ...ask, headers: { ...ask.headers, authorization: header } });

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
