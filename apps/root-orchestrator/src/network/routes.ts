import { RoutePlanner, routesOf, type RoutedInstance, type ServiceEntry } from '@oak/addressing';
import { clusterRoutes, type CompleteRoutes, type Position, type Route } from '@oak/contracts';
import type { Bus } from '@oak/messaging';
import { ChainedBook } from '@oak/reconcile';
import type { Document } from '@oak/store';
import { isReady, type InstanceRecord } from '../instances/instance-record.ts';
import { sharedWith } from '../organisations/shared-with.ts';
import type { ServiceRecord } from '../services/service-record.ts';

export interface RoutesOptions {
  readonly epoch: number;
  readonly bus: Pick<Bus, 'publish'>;
  /** Runs its argument soon, once for all changes of one turn. */
  readonly defer: (flush: () => void) => void;
  /** A cluster was just told something. */
  readonly told: (cluster: string) => void;
  /** Whether an address or a range is one of this cluster's own. */
  readonly owns: (cluster: string, range: string) => boolean;
  readonly log: (text: string) => void;
}

/** Which services and nodes each cluster must know of the others. Follows the records of services and instances; keeps nothing of its own. */
export class Routes {
  readonly #book: ChainedBook<Route>;
  readonly #planner: RoutePlanner;
  readonly #defer: RoutesOptions['defer'];
  readonly #owns: RoutesOptions['owns'];
  #marked = false;

  constructor({ epoch, bus, defer, told, owns, log }: RoutesOptions) {
    this.#defer = defer;
    this.#owns = owns;
    this.#book = new ChainedBook<Route>({ epoch, defer: queueMicrotask, onError: (cluster, error) => { log(`routes for cluster ${cluster}: ${String(error)}`); }, send: (cluster, message) => { told(cluster); bus.publish(clusterRoutes, routesOf(message), cluster); } });
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
    const routed = record && service && routedOf({ id, body: record }, service, this.#owns);
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

function entryOf(id: string, { name, applicationId, owner, organisation, networkPolicy, network, deleting }: ServiceRecord): ServiceEntry | undefined {
  return network && !deleting ? { id, name, applicationId, organisation: sharedWith({ owner, organisation }), policy: networkPolicy, addresses: network.addresses, affinity: network.affinity } : undefined;
}

/** Undefined while no cluster has it. A cluster speaks for its own ranges only: nobody is sent elsewhere because it says so. */
export function routedOf({ id, body }: Pick<Document<InstanceRecord>, 'id' | 'body'>, service: ServiceRecord, owns: RoutesOptions['owns']): RoutedInstance | undefined {
  const { cluster, report, addresses } = body;
  if (cluster === undefined) return undefined;
  const base = { id, serviceId: body.serviceId, applicationId: body.applicationId, organisation: sharedWith(service), receiver: cluster };
  if (report?.node === undefined || !report.tunnel?.subnets.every(({ v4, v6 }) => owns(cluster, v4) && owns(cluster, v6))) return base;
  const { node, tunnel, ipv4, ipv6 } = report;
  const host = { cluster, node, tunnel };
  if (!isReady(body) || body.desired !== 'run' || addresses === undefined || ipv4 === undefined || !owns(cluster, ipv4) || (ipv6 !== undefined && !owns(cluster, ipv6))) return { ...base, host };
  return { ...base, host, backend: { id, instanceNumber: body.number, ...addresses, namespaceIpv4: ipv4, ...(ipv6 !== undefined && { namespaceIpv6: ipv6 }), cluster, node } };
}
