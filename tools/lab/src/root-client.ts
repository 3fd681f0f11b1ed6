import { login } from './root-rest.ts';
import type { Lab } from './lab.ts';

export interface InstanceView {
  readonly id: string;
  readonly instance_number: number;
  readonly status: string;
  readonly status_detail: string;
  /** It runs, and answers as far as anybody asks. */
  readonly ready: boolean;
  readonly node: string | null;
  readonly cluster: string | null;
  readonly virtualization: string | null;
  readonly route: string | null;
  /** Stays the same wherever it runs. */
  readonly instance_ip: string | null;
  readonly instance_ip_v6: string | null;
  /** Where it runs now. */
  readonly namespace_ip: string | null;
  readonly namespace_ip_v6: string | null;
  readonly exit_code: number | null;
  readonly restarts: number;
  readonly attempt: number;
  readonly phases_ms: Readonly<Record<string, number>> | null;
  readonly stopping: boolean;
}
export interface ServiceView {
  readonly microserviceID: string;
  readonly microservice_name: string;
  readonly applicationID: string;
  readonly RR_ip: string;
  readonly RR_ip_v6: string;
  readonly instance_list: readonly InstanceView[];
}
export interface Answer { readonly status: number; readonly body: unknown }

/** Root's REST, as any client sees it, for what runs against a lab. */
export class RootClient {
  readonly url: string;
  readonly token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  static async login(lab: Lab): Promise<RootClient> {
    return new RootClient(lab.restUrl, await login(lab));
  }

  /** Any answer, also a refusal. `body` is sent as it is when it is text. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method, headers: { authorization: `Bearer ${this.token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  }

  /** @throws Error with the answer's text when it is a refusal */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** Submits a descriptor and gives its microservices, in its order. */
  async submit(descriptor: unknown): Promise<ServiceView[]> {
    const { application_name: name, application_namespace: namespace } = (descriptor as { applications: { application_name: string; application_namespace: string }[] }).applications[0]!;
    const all = await this.call<{ applicationID: string; application_name: string; application_namespace: string; microservices: string[] }[]>('POST', '/api/application/', descriptor);
    const application = all.find((one) => one.application_name === name && one.application_namespace === namespace);
    if (!application) throw new Error(`the answer does not hold application ${name}.${namespace}`);
    return Promise.all(application.microservices.map((id) => this.service(id)));
  }

  service(id: string): Promise<ServiceView> {
    return this.call('GET', `/api/service/${id}`);
  }

  async deploy(serviceId: string, count = 1): Promise<number[]> {
    const { instances } = await this.call<{ instances: { instance_number: number }[] }>('POST', `/api/service/${serviceId}/instance`, { count });
    return instances.map((one) => one.instance_number);
  }

  instance(serviceId: string, number: number): Promise<InstanceView> {
    return this.call('GET', `/api/service/${serviceId}/instance/${number}`);
  }

  /** Waits on the event stream until the instance is as `wanted` says. @throws Error that tells how it was last */
  async until(serviceId: string, number: number, wanted: (instance: InstanceView) => boolean, withinMs = 60_000): Promise<InstanceView> {
    const patience = AbortSignal.timeout(withinMs);
    let last: InstanceView | undefined;
    try {
      for await (const _hint of this.events(`service=${serviceId}`, patience)) {
        last = await this.instance(serviceId, number);
        if (wanted(last)) return last;
      }
    } catch (error) {
      if (!patience.aborted) throw error;
    }
    throw new Error(`instance ${number} of ${serviceId} after ${withinMs} ms: ${last ? `${last.status}: ${last.status_detail}` : 'never seen'}`);
  }

  /** One item when the stream is open, then one for each event. */
  async *events(query: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await fetch(`${this.url}/api/events?${query}`, { headers: { authorization: `Bearer ${this.token}` }, signal });
    if (!response.ok || !response.body) throw new Error(`GET /api/events: ${response.status}`);
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + chunk).split('\n\n');
      rest = frames.pop() ?? '';
      yield* frames;
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
