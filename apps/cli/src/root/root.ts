import { z } from 'zod';
import { claimsOf } from '../contexts/claims.ts';
import type { Rest } from './rest.ts';
import {
  applicationSchema, clusterSchema, forecastSchema, freeAddressSchema, instanceSchema, nodeSchema, placementSchema, serviceSchema, traceSchema,
  type Application, type Cluster, type Forecast, type Instance, type Node, type Placement, type Service, type Trace,
} from './views.ts';

const deployedSchema = z.looseObject({ instances: z.array(z.looseObject({ id: z.string(), instance_number: z.int() })) });
const addedSchema = z.looseObject({ deployed_services: z.array(z.looseObject({ microserviceID: z.string() })) });
const nodesSchema = z.looseObject({ nodes: z.array(nodeSchema), unreachable: z.array(z.string()).default([]), next: z.string().optional() });
const anything = z.unknown();
/** Root gives no more at once. */
const nodesAtOnce = 500;
const deploysAtOnce = 1000;
const numbersAtOnce = 64;

/** What root can be asked, in the words of its API. Everything throws Failure. */
export class Root {
  readonly rest: Rest;
  readonly #isAdmin: boolean;

  constructor(rest: Rest, token?: string) {
    this.rest = rest;
    // Without a token that can be read, the narrow question is the one that is always allowed.
    this.#isAdmin = (token === undefined ? undefined : claimsOf(token))?.roles.includes('Admin') ?? false;
  }

  /** All that the caller may see. */
  applications(): Promise<Application[]> {
    return this.#isAdmin ? this.rest.ask(z.array(applicationSchema), '/api/applications') : this.ownApplications();
  }

  ownApplications(): Promise<Application[]> {
    return this.rest.ask(z.array(applicationSchema), '/api/applications/me');
  }

  async services(): Promise<Service[]> {
    if (this.#isAdmin) return this.rest.ask(z.array(serviceSchema), '/api/services');
    const lists = await Promise.all((await this.applications()).map(({ applicationID: id }) => this.servicesOf(id)));
    return lists.flat();
  }

  servicesOf(applicationId: string): Promise<Service[]> {
    return this.rest.ask(z.array(serviceSchema), `/api/services/${encodeURIComponent(applicationId)}`);
  }

  service(id: string): Promise<Service> {
    return this.rest.ask(serviceSchema, `/api/service/${encodeURIComponent(id)}`);
  }

  instance(serviceId: string, number: number): Promise<Instance> {
    return this.rest.ask(instanceSchema, `/api/service/${serviceId}/instance/${number}`);
  }

  placement(serviceId: string, number: number): Promise<Placement> {
    return this.rest.ask(placementSchema, `/api/service/${serviceId}/instance/${number}/explain`);
  }

  forecast(descriptor: unknown): Promise<Forecast> {
    return this.rest.ask(forecastSchema, '/api/explain', { method: 'POST', body: descriptor });
  }

  /** All applications of the caller, the new ones among them. */
  create(descriptor: unknown): Promise<Application[]> {
    return this.rest.ask(z.array(applicationSchema), '/api/application', { method: 'POST', body: descriptor });
  }

  /** Root replaces the instances of a microservice one after the other. */
  async change(noun: 'application' | 'service', id: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.rest.ask(anything, `/api/${noun}/${encodeURIComponent(id)}`, { method: 'PUT', body });
  }

  /** Ids of the microservices, in the descriptor's order. */
  async add(descriptor: unknown): Promise<string[]> {
    const { deployed_services: added } = await this.rest.ask(addedSchema, '/api/service', { method: 'POST', body: descriptor });
    return added.map(({ microserviceID: id }) => id);
  }

  /** Numbers of the new instances. */
  async deploy(serviceId: string, count: number): Promise<number[]> {
    const numbers: number[] = [];
    while (numbers.length < count) {
      const body = { count: Math.min(deploysAtOnce, count - numbers.length) };
      const { instances } = await this.rest.ask(deployedSchema, `/api/service/${serviceId}/instance`, { method: 'POST', body });
      if (instances.length === 0) break;
      numbers.push(...instances.map(({ instance_number: number }) => number));
    }
    return numbers;
  }

  async removeInstances(serviceId: string, numbers: readonly number[]): Promise<void> {
    for (let at = 0; at < numbers.length; at += numbersAtOnce) {
      await Promise.all(numbers.slice(at, at + numbersAtOnce).map((number) => this.rest.ask(anything, `/api/service/${serviceId}/instance/${number}`, { method: 'DELETE' })));
    }
  }

  async removeService(id: string): Promise<void> {
    await this.rest.ask(anything, `/api/service/${id}`, { method: 'DELETE' });
  }

  async removeApplication(id: string): Promise<void> {
    await this.rest.ask(anything, `/api/application/${id}`, { method: 'DELETE' });
  }

  clusters(): Promise<Cluster[]> {
    return this.rest.ask(z.array(clusterSchema), '/api/clusters');
  }

  /** Nodes of all clusters, and the clusters that did not say. */
  async nodes(): Promise<{ nodes: Node[]; unreachable: string[] }> {
    const first = await this.rest.ask(nodesSchema, `/api/nodes?limit=${nodesAtOnce}`);
    const full = [...new Set(first.nodes.map(({ cluster }) => cluster))].filter((cluster) => first.nodes.filter((node) => node.cluster === cluster).length >= nodesAtOnce);
    const rest = await Promise.all(full.map((cluster) => this.#nodesAfter(cluster, first.nodes.findLast((node) => node.cluster === cluster)?.name)));
    return { nodes: [...first.nodes, ...rest.flat()], unreachable: first.unreachable };
  }

  async #nodesAfter(cluster: string, last: string | undefined): Promise<Node[]> {
    const nodes: Node[] = [];
    for (let after = last; after !== undefined;) {
      const page = await this.rest.ask(nodesSchema, `/api/nodes?${new URLSearchParams({ cluster, after, limit: String(nodesAtOnce) }).toString()}`);
      nodes.push(...page.nodes);
      after = page.next;
    }
    return nodes;
  }

  cordon(cluster: string, node: string, cordoned: boolean): Promise<Node> {
    return this.rest.ask(nodeSchema, `/api/nodes/${encodeURIComponent(cluster)}/${encodeURIComponent(node)}`, { method: 'PATCH', body: { cordoned } });
  }

  trace(question: Readonly<Record<string, string>>): Promise<Trace> {
    return this.rest.ask(traceSchema, `/api/net/trace?${new URLSearchParams(question).toString()}`);
  }

  freeAddresses(count: number): Promise<z.infer<typeof freeAddressSchema>[]> {
    return this.rest.ask(z.array(freeAddressSchema), `/api/pubnet/service/netinfo/available-ip/${count}`);
  }
}
