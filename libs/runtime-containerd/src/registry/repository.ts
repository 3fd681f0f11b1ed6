import { RuntimeError } from '@oak/runtime';
import type { Authorization } from './authorization.ts';
import type { ImageReference } from './image-reference.ts';
import { manifestType, mediaTypes, sha256, type Descriptor } from './manifest.ts';
import type { Endpoint } from './registry-config.ts';
import { RegistryError } from './registry-error.ts';
import type { Answer, Ask, RegistryHttp } from './registry-http.ts';
import { isTemporary, pauseMs, rest, retrying, type RetryPolicy } from './retry.ts';

export interface FetchedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** Manifests and configurations are small; more is an attack or a mistake. */
export const maxManifestBytes = 4 * 1024 * 1024;
const accept = Object.values(mediaTypes).join(', ');

/** One image's repository during one pull: mirrors and origin in the order in which they are worth asking. */
export class Repository {
  readonly #reference: ImageReference;
  readonly #http: RegistryHttp;
  readonly #authorization: Authorization;
  readonly #policy: RetryPolicy;
  #endpoints: readonly Endpoint[];

  constructor(reference: ImageReference, endpoints: readonly Endpoint[], tools: { http: RegistryHttp; authorization: Authorization; policy: RetryPolicy }) {
    this.#reference = reference;
    this.#endpoints = endpoints;
    this.#http = tools.http;
    this.#authorization = tools.authorization;
    this.#policy = tools.policy;
  }

  /** An index or manifest by tag or digest, verified against the digest and against what the registry says that it sends. */
  manifest(tagOrDigest: string, signal?: AbortSignal): Promise<FetchedManifest> {
    return this.#anywhere(signal, async (endpoint) => {
      const ask = this.#ask(endpoint, `manifests/${tagOrDigest}`, `manifest ${tagOrDigest}`, { accept }, signal);
      const answer = await this.#success(ask);
      const bytes = await answer.bytes(maxManifestBytes);
      const digest = sha256(bytes);
      const said = answer.headers['docker-content-digest'];
      const expected = tagOrDigest.startsWith('sha256:') ? tagOrDigest : typeof said === 'string' && said.startsWith('sha256:') ? said : digest;
      if (digest !== expected) throw new RegistryError('invalid', `${ask.where}: ${ask.subject} is damaged: expected ${expected}, got ${digest}`);
      const carried = answer.headers['content-type'];
      return { bytes, digest, mediaType: manifestType(bytes, typeof carried === 'string' ? carried : undefined, this.#reference.name) };
    });
  }

  /** A small blob, e.g. the image's configuration, verified. */
  smallBlob(descriptor: Descriptor, signal?: AbortSignal): Promise<Buffer> {
    return this.#anywhere(signal, async (endpoint) => {
      const ask = this.#ask(endpoint, `blobs/${descriptor.digest}`, `blob ${descriptor.digest}`, {}, signal);
      const bytes = await (await this.#success(ask)).bytes(maxManifestBytes);
      const digest = sha256(bytes);
      if (digest !== descriptor.digest) throw new RegistryError('invalid', `${ask.where}: ${ask.subject} is damaged: expected ${descriptor.digest}, got ${digest}`);
      return bytes;
    });
  }

  /**
   * The bytes of a blob from `offset` on. A broken connection is resumed where it broke, up to the policy's attempts without any progress.
   * Length is checked, content is not: containerd verifies the digest when the blob is committed.
   */
  async *blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    let at = offset;
    for (let failures = 0; at < descriptor.size; ) {
      try {
        for await (const chunk of this.#part(descriptor, at, signal)) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
      } catch (error) {
        if (signal?.aborted || !isTemporary(error) || ++failures >= this.#policy.attempts) throw error;
        await rest(pauseMs(failures, error, this.#policy), signal);
      }
    }
  }

  /** Ask the present first choice last from now on, e.g. because what it served was damaged. False: there is no other. */
  demote(): boolean {
    const [first, ...others] = this.#endpoints;
    if (!first || others.length === 0) return false;
    this.#endpoints = [...others, first];
    return true;
  }

  /** One connection's worth of a blob, from whichever endpoint answers first. */
  async *#part(descriptor: Descriptor, at: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    const { ask, answer } = await this.#anywhere(signal, async (endpoint) => {
      const range: Record<string, string> = at > 0 ? { range: `bytes=${at}-` } : {};
      const asked = this.#ask(endpoint, `blobs/${descriptor.digest}`, `blob ${descriptor.digest}`, range, signal);
      return { ask: asked, answer: await this.#success(asked) };
    }, { ...this.#policy, attempts: 1 });
    // A server without ranges sends everything again.
    let skip = answer.status === 206 ? 0 : at;
    let left = descriptor.size - at;
    for await (const chunk of answer.body) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      left -= fresh.length;
      if (left < 0) throw new RegistryError('invalid', `${ask.where}: ${ask.subject} is longer than the ${descriptor.size} bytes that the manifest says`);
      if (fresh.length > 0) yield fresh;
    }
    if (left > 0) throw new RegistryError('temporary', `${ask.where}: ${ask.subject} ended ${left} bytes early`);
  }

  /** Mirrors get one chance each, the origin all attempts. What failed is not asked first again. The origin has the last word. */
  async #anywhere<T>(signal: AbortSignal | undefined, fetch: (endpoint: Endpoint) => Promise<T>, policy: RetryPolicy = this.#policy): Promise<T> {
    const order = this.#endpoints;
    const failures: { endpoint: Endpoint; error: unknown }[] = [];
    for (const [index, endpoint] of order.entries()) {
      try {
        const result = await (isOrigin(endpoint) ? retrying(policy, signal, () => fetch(endpoint)) : fetch(endpoint));
        this.#endpoints = [...order.slice(index), ...order.slice(0, index)];
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        failures.push({ endpoint, error });
      }
    }
    const verdict = failures.find(({ endpoint }) => isOrigin(endpoint));
    throw amended(verdict?.error, failures.filter((failure) => failure !== verdict).map(({ error }) => (error as Error).message));
  }

  #ask(endpoint: Endpoint, path: string, subject: string, headers: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Ask {
    const { repository, name } = this.#reference;
    const url = new URL(`v2/${repository}/${path}`, endpoint.base);
    if (endpoint.standsFor !== undefined) url.searchParams.set('ns', endpoint.standsFor);
    return { endpoint, url, headers, subject, signal, where: `registry ${endpoint.name}, image ${name}` };
  }

  async #success(ask: Ask): Promise<Answer> {
    const answer = await this.#authorization.get(ask, this.#reference.repository);
    if (answer.status === 200 || answer.status === 206) return answer;
    throw await this.#http.refusal(ask, answer);
  }
}

const isOrigin = ({ standsFor }: Endpoint): boolean => standsFor === undefined;

function amended(error: unknown, mirrors: readonly string[]): unknown {
  if (mirrors.length === 0 || !(error instanceof RuntimeError)) return error;
  const { status } = error instanceof RegistryError ? error : { status: undefined };
  return new RegistryError(error.kind, `${error.message}; its mirrors: ${mirrors.join('; ')}`, { status }, { cause: error });
}
