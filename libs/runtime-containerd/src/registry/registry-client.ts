import { Authorization } from './authorization.ts';
import type { ImageReference } from './image-reference.ts';
import { endpointsOf, type RegistryConfigs } from './registry-config.ts';
import { defaultTimeouts, RegistryHttp, type Timeouts } from './registry-http.ts';
import { Repository } from './repository.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry.ts';

export interface RegistryClientOptions {
  readonly registries?: RegistryConfigs;
  /** Over the defaults. */
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: RetryPolicy;
  /** Any clock that only grows; tokens expire by it. */
  readonly nowMs?: () => number;
}

/** All registries of this node: their connections, tokens and settings. */
export class RegistryClient {
  readonly #registries: RegistryConfigs;
  readonly #http: RegistryHttp;
  readonly #authorization: Authorization;
  readonly #policy: RetryPolicy;

  constructor({ registries = {}, timeouts, retry = defaultRetryPolicy, nowMs = () => performance.now() }: RegistryClientOptions = {}) {
    this.#registries = registries;
    this.#http = new RegistryHttp({ ...defaultTimeouts, ...timeouts });
    this.#authorization = new Authorization(this.#http, nowMs);
    this.#policy = retry;
  }

  repository(reference: ImageReference): Repository {
    return new Repository(reference, endpointsOf(reference.registry, this.#registries), { http: this.#http, authorization: this.#authorization, policy: this.#policy });
  }

  /** Breaks off what runs. */
  close(): Promise<void> {
    return this.#http.close();
  }
}
