import { RoutePlanner, routesOf, type RoutedInstance, type ServiceEntry } from '@oak/addressing';
import { clusterRoutes, type CompleteRoutes, type Position, type Route } from '@oak/contracts';
import type { Bus } from '@oak/messaging';
import { ChainedBook } from '@oak/reconcile';
import type { Document } from '@oak/store';
import type { InstanceRecord } from '../instances/instance-record.ts';
import type { ServiceRecord } from '../services/service-record.ts';

export interface RoutesOptions {
  readonly epoch: number;
  readonly bus: Pick<Bus, 'publish'>;
  /** Runs its argument soon, once for all changes of one turn. */
  readonly defer: (flush: () => void) => void;
}

/** Which services and nodes each cluster must know of the others. Follows the records of services and instances; keeps nothing of its own. */
export class Routes {
  readonly #book: ChainedBook<Route>;
  readonly #planner: RoutePlanner;
  readonly #defer: RoutesOptions['defer'];
  #marked = false;

  constructor({ epoch, bus, defer }: RoutesOptions) {
    this.#defer = defer;
    this.#book = new ChainedBook<Route>({ epoch, defer: queueMicrotask, send: (cluster, message) => { bus.publish(clusterRoutes, routesOf(message), cluster); } });
    const own = (cluster: string, at: { readonly cluster: string }): boolean => at.cluster === cluster;
    this.#planner = new RoutePlanner({ sink: this.#book, isOwnBackend: own, isOwnNode: own });
  }

  /** `record` undefined: it is gone. */
  serviceChanged(id: string, record: ServiceRecord | undefined): void {
    const entry = record && entryOf(id, record);
    if (entry) this.#planner.setService(entry);
    else this.#planner.removeService(id);
    this.#mark();
  }

  /** `record` undefined: it is gone. */
  instanceChanged(id: string, record: InstanceRecord | undefined, service: ServiceRecord | undefined): void {
    const routed = record && service && routedOf({ id, body: record }, service);
    if (routed) this.#planner.setInstance(routed);
    else this.#planner.removeInstance(id);
    this.#mark();
  }

  /** Everything for a cluster, in pages. */
  complete(cluster: string): CompleteRoutes[] {
    this.#planner.flush();
    return this.#book.complete(cluster).map((page) => routesOf(page) as CompleteRoutes);
  }

  differs(cluster: string, position: Position | undefined): boolean {
    return this.#book.differs(cluster, position);
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#defer(() => { this.#marked = false; this.#planner.flush(); });
  }
}

function entryOf(id: string, { name, applicationId, owner, networkPolicy, network, deleting }: ServiceRecord): ServiceEntry | undefined {
  return network && !deleting ? { id, name, applicationId, organisation: owner, policy: networkPolicy, addresses: network.addresses, affinity: network.affinity } : undefined;
}

/** Undefined while no cluster has it. */
export function routedOf({ id, body }: Pick<Document<InstanceRecord>, 'id' | 'body'>, service: ServiceRecord): RoutedInstance | undefined {
  const { cluster, report, addresses } = body;
  if (cluster === undefined) return undefined;
  const base = { id, serviceId: body.serviceId, applicationId: body.applicationId, organisation: service.owner, receiver: cluster };
  if (report?.node === undefined || report.tunnel === undefined) return base;
  const { node, tunnel, ipv4, ipv6 } = report;
  const host = { cluster, node, tunnel };
  if (body.status !== 'RUNNING' || report.ready === false || body.desired !== 'run' || ipv4 === undefined || addresses === undefined) return { ...base, host };
  return { ...base, host, backend: { id, instanceNumber: body.number, ...addresses, namespaceIpv4: ipv4, ...(ipv6 !== undefined && { namespaceIpv6: ipv6 }), cluster, node } };
}
