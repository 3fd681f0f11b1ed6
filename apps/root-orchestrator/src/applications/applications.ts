import type { Clock } from '@oak/reconcile';
import type { Application, Microservice } from '@oak/sla';
import { UniqueViolation, type Collection, type Document } from '@oak/store';
import { notFound, Problem } from '../http/problem.ts';
import type { Instances } from '../instances/instances.ts';
import type { Addresses } from '../network/addresses.ts';
import { leaseServiceAddresses } from '../network/lease-service-addresses.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import { rootOrganisation } from '../organisations/shared-with.ts';
import type { ApplicationRecord } from './application-record.ts';

export interface ApplicationsOptions {
  readonly applications: Collection<ApplicationRecord>;
  readonly services: Collection<ServiceRecord>;
  readonly instances: Instances;
  readonly addresses: Addresses;
  /** What clusters know of the network of this service's instances is not true any more. */
  readonly retell: (serviceId: string) => Promise<void>;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** As sent, next to as parsed: clients look for their own fields again. `path`: where it stands in the descriptor. */
export interface Submitted { readonly parsed: Microservice; readonly raw: Readonly<Record<string, unknown>>; readonly path: string }

/** Applications and their microservices: created whole or not at all, removed with their instances. */
export class Applications {
  readonly #options: ApplicationsOptions;

  constructor(options: ApplicationsOptions) {
    this.#options = options;
  }

  /** @throws Problem 409 when the name is taken */
  async create(owner: string, application: Application, microservices: readonly Submitted[], organisation = rootOrganisation): Promise<Document<ApplicationRecord>> {
    const { applications, clock, newId } = this.#options;
    const { application_name: name, application_namespace: namespace, application_desc: description, network_policy: networkPolicy } = application;
    const id = newId();
    const created = await unlessTaken(() => applications.insert(id, { owner, organisation, name, namespace, description: description ?? '', networkPolicy, createdAtMs: clock.now() }), `application ${name}.${namespace}`);
    try {
      for (const microservice of microservices) await this.addService(created, microservice);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    return created;
  }

  /** What `create` would refuse; nothing is kept. @throws Problem 409, 422 */
  async check(owner: string, { application_name: name, application_namespace: namespace }: Application, microservices: readonly Submitted[]): Promise<void> {
    const [taken] = await this.#options.applications.list({ where: { index: 'name', equals: [owner, name, namespace] }, limit: 1 });
    if (taken) throw conflict(`application ${name}.${namespace}`);
    await this.checkServices({ name, namespace }, microservices);
  }

  /** What `addService` would refuse; nothing is kept. @throws Problem 409, 422 */
  async checkServices(application: Pick<ApplicationRecord, 'name' | 'namespace'>, microservices: readonly Submitted[]): Promise<void> {
    const { services, addresses, newId } = this.#options;
    const leased: string[] = [];
    try {
      for (const { parsed, path } of microservices) {
        const name = serviceName(application, parsed);
        const [taken] = await services.list({ where: { index: 'name', equals: [name] }, limit: 1 });
        if (taken) throw conflict(`microservice ${name}`);
        const id = newId();
        leased.push(id);
        await leaseServiceAddresses(addresses, { id, name }, parsed, path);
      }
    } finally {
      for (const id of leased) await addresses.release(id);
    }
  }

  /** @throws Problem 409 when the name or an address is taken, 422 when an address can not be had */
  async addService({ id: applicationId, body }: Document<ApplicationRecord>, { parsed, raw, path }: Submitted): Promise<string> {
    const { services, addresses, clock, newId } = this.#options;
    const id = newId();
    const name = serviceName(body, parsed);
    const network = await leaseServiceAddresses(addresses, { id, name }, parsed, path);
    try {
      await unlessTaken(() => services.insert(id, {
        applicationId, owner: body.owner, organisation: body.organisation, applicationName: body.name, applicationNamespace: body.namespace, name, microservice: parsed, submitted: { ...raw },
        networkPolicy: body.networkPolicy, network, version: 1, lastVersion: 1, past: [], nextInstanceNumber: 0, deleting: false, createdAtMs: clock.now(),
      }), `microservice ${name}`);
    } catch (error) {
      await addresses.release(id);
      throw error;
    }
    return id;
  }

  /** Its microservices follow, and their instances. @throws Problem 404; whatever `check` throws */
  async change(id: string, change: Partial<Pick<ApplicationRecord, 'description' | 'networkPolicy'>>, check: (record: ApplicationRecord) => void = () => undefined): Promise<void> {
    const { applications, services } = this.#options;
    const changed = await applications.update(id, (record) => { check(record); return { ...record, ...change }; });
    if (!changed) throw notFound('application', id);
    const { networkPolicy } = changed.body;
    for (const service of await this.services(id)) {
      // Asked for by name it is told again, also when it is so already: the last time may have been cut off.
      if (service.body.networkPolicy === networkPolicy && change.networkPolicy === undefined) continue;
      await services.update(service.id, (record) => ({ ...record, networkPolicy }));
      await this.#options.retell(service.id);
    }
  }

  async services(applicationId: string): Promise<Document<ServiceRecord>[]> {
    const all = await this.#options.services.list({ where: { index: 'application', equals: [applicationId] } });
    return all.filter(({ body }) => !body.deleting);
  }

  async remove(applicationId: string): Promise<void> {
    for (const { id } of await this.#options.services.list({ where: { index: 'application', equals: [applicationId] } })) await this.removeService(id);
    await this.#options.applications.remove(applicationId);
  }

  /** First it hides, then its instances go; the last one takes it along. */
  async removeService(id: string): Promise<void> {
    await this.#options.services.update(id, (service) => (service.deleting ? undefined : { ...service, deleting: true }));
    const instances = await this.#options.instances.of(id);
    if (instances.length === 0) await this.#options.services.remove(id);
    else await this.#options.instances.remove(instances.map((instance) => instance.id));
  }
}

async function unlessTaken<T>(write: () => Promise<T>, what: string): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof UniqueViolation) throw conflict(what);
    throw error;
  }
}

function conflict(what: string): Problem {
  return new Problem(409, 'Conflict', `${what} exists already, or is still being removed; choose another name, delete it first, or wait until its instances are gone`);
}

function serviceName({ name, namespace }: Pick<ApplicationRecord, 'name' | 'namespace'>, microservice: Microservice): string {
  return `${name}.${namespace}.${microservice.microservice_name}.${microservice.microservice_namespace}`;
}
