import { chainedOf, RoutePlanner, routesOf, serviceEntryOf, type RoutedInstance } from '@oak/addressing';
import { nodeRoutes, routeSchema, type CompleteRoutes, type Position, type Route, type Routes as RoutesMessage } from '@oak/contracts';
import { isPlaced } from '@oak/instance';
import type { Bus } from '@oak/messaging';
import { ChainedBook, ChainedInbox } from '@oak/reconcile';
import type { Collection, CollectionDefinition } from '@oak/store';
import type { Tunnel } from '@oak/contracts';
import type { InstanceRecord } from '../instances/instance-record.ts';

/** What root told of the other clusters; the id of the document is the route's. */
export const routesCollection: CollectionDefinition<Route> = { name: 'routes', parse: (input) => routeSchema.parse(input) };

export interface RoutesOptions {
  readonly cluster: string;
  readonly epoch: number;
  readonly bus: Pick<Bus, 'publish'>;
  readonly remote: Collection<Route>;
  readonly position: { load: () => Position | undefined; save: (position: Position) => void };
  /** Where the node's tunnel ends; undefined: nobody can reach it. */
  readonly tunnelOf: (node: string) => Tunnel | undefined;
  /** Runs its argument soon, once for all changes of one turn. */
  readonly defer: (flush: () => void) => void;
  readonly log: (text: string) => void;
}

/** Which services and nodes each node of this cluster must know: what runs here, joined with what root told of elsewhere. Works on with root away. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #book: ChainedBook<Route>;
  readonly #planner: RoutePlanner;
  readonly #inbox = new ChainedInbox<Route>();
  readonly #records = new Map<string, InstanceRecord>();
  #marked = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RoutesOptions) {
    this.#options = options;
    const { epoch, bus, cluster, log } = options;
    this.#book = new ChainedBook<Route>({ epoch, defer: queueMicrotask, onError: (node, error) => { log(`routes for node ${node}: ${String(error)}`); }, send: (node, message) => { bus.publish(nodeRoutes, routesOf(message), cluster, node); } });
    this.#planner = new RoutePlanner({
      sink: this.#book, isOwnBackend: () => false, isOwnNode: (receiver, { cluster: of, node }) => of === cluster && node === receiver,
    });
  }

  /** Goes on where the process before this one stood. */
  async load(instances: readonly InstanceRecord[]): Promise<void> {
    const routes = (await this.#options.remote.list()).map(({ body }) => body);
    this.#inbox.restore(this.#options.position.load(), routes);
    for (const route of routes) this.#foreign(route.id, route);
    for (const record of instances) this.instanceChanged(record.spec.id, record);
  }

  get position(): Position | undefined {
    return this.#inbox.position;
  }

  /** False: a link of the chain is missing, ask for everything. One message after the other: what was applied is stored before the next. */
  accept(message: RoutesMessage): Promise<boolean> {
    const turn = this.#turn.then(() => this.#apply(message));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** `record` undefined: it is gone. */
  instanceChanged(id: string, record: InstanceRecord | undefined): void {
    const before = this.#records.get(id);
    if (record) this.#records.set(id, record);
    else this.#records.delete(id);
    this.#plan(id, record);
    const serviceId = (record ?? before)?.spec.serviceId;
    if (serviceId !== undefined && this.#planner.instancesOf(serviceId) === 0) this.#planner.removeService(serviceId);
    this.#mark();
  }

  /** The node's tunnel ends elsewhere than before, or has other ranges behind it. */
  tunnelChanged(node: string): void {
    for (const [id, record] of this.#records) if (record.node === node) this.#plan(id, record);
    this.#mark();
  }

  /** Everything for a node, in pages. */
  complete(node: string): [CompleteRoutes, ...CompleteRoutes[]] {
    this.#planner.flush();
    return this.#book.complete(node).map((page) => routesOf(page)) as [CompleteRoutes, ...CompleteRoutes[]];
  }

  differs(node: string, position: Position | undefined): boolean {
    return this.#book.differs(node, position);
  }

  async #apply(message: RoutesMessage): Promise<boolean> {
    const outcome = this.#inbox.accept(chainedOf(message));
    if (outcome.kind !== 'applied') return outcome.kind !== 'gap';
    try {
      for (const id of outcome.changed) await this.#store(id, this.#inbox.items.get(id));
    } catch (error) {
      // Half done is not done: what is stored is what is known, and the next message finds a gap.
      this.#inbox.restore(undefined, (await this.#options.remote.list()).map(({ body }) => body));
      throw error;
    }
    if (this.#inbox.position) this.#options.position.save(this.#inbox.position);
    this.#mark();
    return true;
  }

  async #store(id: string, route: Route | undefined): Promise<void> {
    const { remote } = this.#options;
    this.#foreign(id, route);
    if (!route) await remote.remove(id);
    else if (!await remote.update(id, () => route)) await remote.insert(id, route);
  }

  /** Ids of services and peers can not be the same: one has a slash. */
  #foreign(id: string, route: Route | undefined): void {
    if (id.includes('/')) this.#planner.setForeignPeer(id, route?.kind === 'peer' ? route : undefined);
    else this.#planner.setForeignService(id, route?.kind === 'service' ? route : undefined);
  }

  #plan(id: string, record: InstanceRecord | undefined): void {
    const routed = record && routedOf(this.#options.cluster, record, this.#options.tunnelOf);
    if (!routed || !record.spec.network) { this.#planner.removeInstance(id); return; }
    this.#planner.setService(serviceEntryOf({ ...record.spec, network: record.spec.network }));
    this.#planner.setInstance(routed);
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#options.defer(() => { this.#marked = false; this.#planner.flush(); });
  }
}

/** Undefined while no node has it, or when root knows no overlay. */
export function routedOf(cluster: string, { spec, node, desired, report }: InstanceRecord, tunnelOf: (node: string) => Tunnel | undefined): RoutedInstance | undefined {
  const { network } = spec;
  if (node === undefined || !network || !isPlaced(report.status)) return undefined;
  const base = { id: spec.id, serviceId: spec.serviceId, applicationId: spec.applicationId, organisation: network.organisation, receiver: node };
  const tunnel = tunnelOf(node);
  const host = tunnel && { cluster, node, tunnel };
  if (report.status !== 'RUNNING' || report.ready === false || desired !== 'run' || report.ipv4 === undefined) return { ...base, ...(host && { host }) };
  const { ipv4, ipv6 } = network;
  const backend = { id: spec.id, instanceNumber: spec.instanceNumber, ipv4, ipv6, namespaceIpv4: report.ipv4, ...(report.ipv6 !== undefined && { namespaceIpv6: report.ipv6 }), cluster, node };
  return { ...base, ...(host && { host }), backend };
}
