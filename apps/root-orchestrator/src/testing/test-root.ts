import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemoryNetwork } from '@oak/messaging/testing';
import { newId } from '@oak/process';
import { FakeClock } from '@oak/reconcile/testing';
import { MemoryStore, type MemoryDisk } from '@oak/store/testing';
import { auditCollection } from '../audit/audit-record.ts';
import { Audit } from '../audit/audit.ts';
import type { Role } from '../auth/access.ts';
import { idempotencyCollection } from '../idempotency/idempotency-record.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { openHttp } from '../http/open-http.ts';
import type { Route } from '../http/routes-of.ts';
import { openPeople, type People } from '../people.ts';
import { Root } from '../root.ts';
import { ResetPost } from '../users/reset-post.ts';
import { credentialsFile } from '../users/users.ts';
import { MemoryState } from './memory-state.ts';

export interface Asked { readonly token?: string | undefined; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
export interface Answered { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string; readonly body: unknown }
export interface TestRootOptions { readonly disk?: MemoryDisk; readonly state?: MemoryState; readonly clock?: FakeClock; readonly corsOrigins?: readonly string[]; readonly resetHook?: string }

/** Root as its program composes it, with a store, a bus and a clock in memory. Nothing listens: requests are handed in. */
export class TestRoot {
  readonly network: MemoryNetwork;
  readonly clock: FakeClock;
  readonly state: MemoryState;
  readonly log: string[] = [];
  root!: Root;
  people!: People;
  app!: NestFastifyApplication;
  audit!: Audit;
  resetPost!: ResetPost;
  routes: readonly Route[] = [];

  private constructor(options: TestRootOptions) {
    this.clock = options.clock ?? new FakeClock(Date.UTC(2026, 0, 1));
    this.state = options.state ?? new MemoryState();
    this.network = new MemoryNetwork();
  }

  static async open(options: TestRootOptions = {}): Promise<TestRoot> {
    const made = new TestRoot(options);
    await made.#start(options);
    return made;
  }

  async #start({ disk, corsOrigins = [], resetHook }: TestRootOptions): Promise<void> {
    const { clock, network, state } = this;
    const store = new MemoryStore(disk);
    const log = (text: string): void => { this.log.push(text); };
    const bus = network.connect('root');
    this.root = new Root({ bus, store, clock, random: { next: () => 0.5 }, epoch: Number(state.read('epoch') ?? '0') + 1, newId, liveness: { silentAfterMs: 15_000, lostAfterMs: 60_000 }, log });
    state.write('epoch', String(this.root.options.epoch));
    this.people = await openPeople({ store, state, clock, newId, log, minPasswordLength: 8, keyOldestMs: 90 * 24 * 3_600_000 });
    this.audit = new Audit({ records: store.collection(auditCollection), newId, log });
    this.resetPost = new ResetPost({ users: this.people.users, hook: resetHook, log });
    const { app, routes } = await openHttp({ root: this.root, people: this.people, audit: this.audit, idempotency: new Idempotency(store.collection(idempotencyCollection), clock), resetPost: this.resetPost, clock, newId }, { corsOrigins, logLevels: false });
    this.app = app;
    this.routes = routes;
    await app.startAllMicroservices();
    await this.root.start();
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  }

  async close(): Promise<void> {
    await this.app.close();
    await Promise.all([this.root.stop(), this.audit.settled(), this.resetPost.idle()]);
    await this.root.options.bus.drain();
  }

  get credentials(): { readonly username: string; readonly password: string } {
    return JSON.parse(this.state.read(credentialsFile) ?? '{}') as { username: string; password: string };
  }

  async ask(method: string, url: string, { token, body, headers = {} }: Asked = {}): Promise<Answered> {
    const answer = await this.app.inject({
      method: method as 'GET', url, headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: parsed(answer.body) };
  }

  /** @throws Error with the answer when it is none of success */
  async must<T = Record<string, unknown>>(method: string, url: string, asked: Asked = {}): Promise<T> {
    const { status, text, body } = await this.ask(method, url, asked);
    if (status >= 300) throw new Error(`${method} ${url}: ${status} ${text}`);
    return body as T;
  }

  async login(username: string, password: string, organization?: string): Promise<string> {
    return (await this.pair(username, password, organization)).token;
  }

  pair(username: string, password: string, organization?: string): Promise<{ token: string; refresh_token: string }> {
    return this.must('POST', '/api/auth/login', { body: { username, password, ...(organization !== undefined && { organization_name: organization }) } });
  }

  admin(): Promise<string> {
    return this.login(this.credentials.username, this.credentials.password);
  }

  /** A user with these roles in an organisation (default: root). His token and id. */
  async user(name: string, roles: readonly Role[], organisation?: string): Promise<{ token: string; id: string; name: string; password: string }> {
    const password = `password of ${name}`;
    const user = await this.people.users.create({ name, password });
    const id = organisation === undefined ? '000000000000000000000001' : (await this.people.organisations.named(organisation) ?? await this.people.organisations.create(organisation, [])).id;
    await this.people.organisations.enrol(user.id, id, roles);
    return { id: user.id, name, password, token: await this.login(name, password, organisation) };
  }
}

export function descriptor(name: string, microservices: readonly Readonly<Record<string, unknown>>[] = [{}], more: object = {}): object {
  return {
    sla_version: 'v2.0', customerID: '',
    applications: [{
      application_name: name, application_namespace: 'test', ...more,
      microservices: microservices.map((one, at) => ({ microservice_name: `m${at}`, microservice_namespace: 'test', virtualization: 'docker', code: 'docker.io/library/busybox:latest', memory: 10, vcpus: 1, ...one })),
    }],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
