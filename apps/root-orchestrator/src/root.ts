import { clusterAssignment, clusterResync, clusterRoutes, type ClusterSummary, type Position } from '@oak/contracts';
import type { NodePlan, ServicePlan } from '@oak/addressing';
import { AssignmentBook, Listing, ReportCursor } from '@oak/instance';
import type { Bus } from '@oak/messaging';
import { ReconcileLoop, Stragglers, type Clock, type Random, type Result } from '@oak/reconcile';
import type { Collection, Store } from '@oak/store';
import { applicationsCollection, type ApplicationRecord } from './applications/application-record.ts';
import { ClusterRegistry } from './clusters/cluster-registry.ts';
import { clustersCollection } from './clusters/cluster-record.ts';
import type { ClusterLivenessPolicy } from './clusters/liveness.ts';
import { EventFeed } from './events/event-feed.ts';
import { InstanceReconciler } from './instances/instance-reconciler.ts';
import { instancesCollection, type InstanceRecord } from './instances/instance-record.ts';
import { Instances, specOf } from './instances/instances.ts';
import { addressesCollection } from './network/address-record.ts';
import { Addresses } from './network/addresses.ts';
import { blocksCollection, NodeBlocks } from './network/node-blocks.ts';
import { Routes } from './network/routes.ts';
import { Rollouts } from './rollout/rollouts.ts';
import { servicesCollection, type ServiceRecord } from './services/service-record.ts';

export interface RootOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly epoch: number;
  readonly newId: () => string;
  /** The installation's own ranges. Default: Oakestra's. */
  readonly plans?: { readonly nodes: NodePlan; readonly services: ServicePlan } | undefined;
  readonly liveness: ClusterLivenessPolicy;
  readonly log: (text: string) => void;
}

const waitingStatuses = ['REQUESTED', 'TargetClusterNotFound', 'TargetClusterNotActive', 'TargetClusterNoCapacity', 'NoActiveClusterWithCapacity'] as const;
const clusterHeartbeatMs = 5_000;
type Period = 'sweep' | 'waiting';

/** The rooms of root and the loops between them. Knows no transport, no clock and no file of its own. */
export class Root {
  readonly applications: Collection<ApplicationRecord>;
  readonly services: Collection<ServiceRecord>;
  readonly instances: Instances;
  readonly clusters: ClusterRegistry;
  readonly book: AssignmentBook;
  readonly events: EventFeed;
  readonly addresses: Addresses;
  readonly nodeBlocks: NodeBlocks;
  readonly routes: Routes;
  readonly rollouts: Rollouts;
  readonly reports = new ReportCursor();
  readonly listing = new Listing();
  readonly options: RootOptions;
  readonly #loop: ReconcileLoop<string>;
  readonly #periods: ReconcileLoop<Period>;
  readonly #rollouts: ReconcileLoop<string>;
  readonly #records: Collection<InstanceRecord>;
  readonly #assignmentStragglers: Stragglers;
  readonly #routeStragglers: Stragglers;
  readonly #resyncedAt = new Map<string, number>();
  /** Routes are made in the turn of the write, without asking the store. */
  readonly #known = new Map<string, ServiceRecord>();

  constructor(options: RootOptions) {
    const { bus, store, clock, random, log } = options;
    this.options = options;
    this.#assignmentStragglers = new Stragglers(clock);
    this.#routeStragglers = new Stragglers(clock);
    this.applications = store.collection(applicationsCollection);
    this.services = store.collection(servicesCollection);
    this.#records = store.collection(instancesCollection);
    this.book = new AssignmentBook({
      epoch: options.epoch, defer: (flush) => void setImmediate(flush),
      send: (cluster, message) => { this.#assignmentStragglers.told(cluster); bus.publish(clusterAssignment, message, cluster); },
    });
    this.clusters = new ClusterRegistry({ ...options, clusters: store.collection(clustersCollection), policy: options.liveness, onChange: (name) => { this.#clusterChanged(name); } });
    this.addresses = new Addresses(store.collection(addressesCollection), options.plans?.services);
    this.nodeBlocks = new NodeBlocks(store.collection(blocksCollection), options.plans?.nodes);
    this.routes = new Routes({
      epoch: options.epoch, bus, defer: (flush) => void setImmediate(flush), told: (cluster) => { this.#routeStragglers.told(cluster); },
      owns: (cluster, range) => this.nodeBlocks.has(cluster, range), log,
    });
    this.instances = new Instances({ ...options, instances: this.#records, services: this.services, addresses: this.addresses, trigger: (id) => { this.#loop.trigger(id); }, removed: (id, record) => { this.#departed(id, record); } });
    this.events = new EventFeed(options);
    this.rollouts = new Rollouts({ ...options, services: this.services, instances: this.instances });
    // A removal carries no record; who removes tells it.
    this.#records.watch(({ id, body }) => {
      if (body) this.events.instanceChanged(id, body, this.#known.get(body.serviceId));
      else { this.#released(id); this.rollouts.forget(id); }
      this.routes.instanceChanged(id, body, body && this.#known.get(body.serviceId));
      // A count alone is touched by removals only: a thousand that start are not looked at a thousand times.
      if (body && this.#known.get(body.serviceId)?.rollout?.status === 'going') this.#follow(body.serviceId);
    });
    this.services.watch(({ id, body }) => {
      if (body) this.#known.set(id, body);
      else { this.#known.delete(id); this.#released(id); }
      this.routes.serviceChanged(id, body);
      this.#follow(id);
    });
    const reconciler = new InstanceReconciler({ instances: this.instances, services: this.services, clusters: this.clusters, book: this.book });
    this.#loop = new ReconcileLoop<string>({
      name: 'instances', clock, random, concurrency: 64, timeoutMs: 30_000, resyncMs: 60_000,
      reconcile: (id) => reconciler.reconcile(id), keys: async () => (await this.#records.list()).map(({ id }) => id),
      onError: (id, error) => { log(`instance ${id}: ${String(error)}`); },
    });
    this.#rollouts = new ReconcileLoop<string>({
      name: 'rollouts', clock, random, concurrency: 8, timeoutMs: 60_000, resyncMs: 60_000,
      reconcile: (id) => this.rollouts.reconcile(id), keys: () => Promise.resolve([...this.#known].filter(([, record]) => Rollouts.isConcerned(record)).map(([id]) => id)),
      onError: (id, error) => { log(`rollout of service ${id}: ${String(error)}`); },
    });
    this.#periods = new ReconcileLoop<Period>({
      name: 'periods', clock, random, concurrency: 2, timeoutMs: 30_000,
      reconcile: (key) => this.#period(key), onError: (key, error) => { log(`${key}: ${String(error)}`); },
    });
  }

  async start(): Promise<void> {
    await this.clusters.load();
    const services = new Map((await this.services.list()).map(({ id, body }) => [id, body]));
    await this.#loadNetwork(services);
    for (const { record: { name } } of this.clusters.all()) this.#loadBook(name, await this.instances.at(name), services);
    this.#loop.start();
    this.#rollouts.start();
    this.#periods.start();
    this.#periods.trigger('sweep');
    for (const { record: { name } } of this.clusters.all()) this.resync(name, 'root has started');
    this.options.bus.onReconnect(() => { for (const { record: { name } } of this.clusters.all()) this.resync(name, 'the bus was cut'); });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#rollouts.stop(), this.#periods.stop()]);
  }

  /** Asks a cluster to register, at most once a second. */
  resync(cluster: string, reason: string): void {
    const now = this.options.clock.monotonic();
    if (now - (this.#resyncedAt.get(cluster) ?? -Infinity) < 1_000) return;
    this.#resyncedAt.set(cluster, now);
    this.options.bus.publish(clusterResync, { reason }, cluster);
  }

  async register(name: string, summary: ClusterSummary, version: string): Promise<{ clusterId: string; heartbeatMs: number }> {
    const clusterId = await this.clusters.register(name, summary, version);
    return { clusterId, heartbeatMs: clusterHeartbeatMs };
  }

  /** A cluster that stands elsewhere than the book, while nothing is under way to it, has missed something: it gets everything. */
  checkPosition(cluster: string, position: Position): void {
    if (!this.#assignmentStragglers.hasMissed(cluster, this.book.differs(cluster, position))) return;
    for (const page of this.book.complete(cluster)) this.options.bus.publish(clusterAssignment, page, cluster);
  }

  /** The same for what it knows of the other clusters. */
  checkRoutes(cluster: string, position: Position): void {
    if (!this.#routeStragglers.hasMissed(cluster, this.routes.differs(cluster, position))) return;
    for (const page of this.routes.complete(cluster)) this.options.bus.publish(clusterRoutes, page, cluster);
  }

  /** Clusters have the old word on an instance's network; it is told anew, and what runs goes on. */
  async retell(serviceId: string): Promise<void> {
    const service = await this.services.get(serviceId);
    if (!service) return;
    for (const { id } of await this.instances.of(serviceId)) {
      const body = await this.instances.retold(id);
      if (body?.cluster !== undefined) this.book.assign(body.cluster, specOf({ id, revision: 0, body }, service.body));
    }
  }

  /** Nobody has it any more. */
  #departed(id: string, record: InstanceRecord): void {
    this.events.instanceRemoved(id, record, this.#known.get(record.serviceId));
    this.#follow(record.serviceId);
    if (record.cluster !== undefined) this.clusters.departed(record.cluster);
    this.#periods.trigger('waiting');
  }

  /** Only services whose instances are counted or being replaced. */
  #follow(serviceId: string): void {
    const record = this.#known.get(serviceId);
    if (record && Rollouts.isConcerned(record)) this.#rollouts.trigger(serviceId);
  }

  async #loadNetwork(services: ReadonlyMap<string, ServiceRecord>): Promise<void> {
    const instances = await this.#records.list();
    const owners = new Set([...services.keys(), ...instances.map(({ id }) => id)]);
    await this.addresses.load((id) => owners.has(id));
    await this.nodeBlocks.load();
    for (const [id, body] of services) { this.#known.set(id, body); this.routes.serviceChanged(id, body); }
    for (const { id, body } of instances) this.routes.instanceChanged(id, body, services.get(body.serviceId));
  }

  /** Its addresses may serve another one, and whoever waited for one looks again. */
  #released(id: string): void {
    this.addresses.release(id).then(() => { this.#periods.trigger('waiting'); }, (error: unknown) => { this.options.log(`addresses of ${id}: ${String(error)}; they are given back at the next start`); });
  }

  #loadBook(cluster: string, documents: Awaited<ReturnType<Instances['at']>>, services: ReadonlyMap<string, ServiceRecord>): void {
    this.book.load(cluster, documents.flatMap((document) => {
      const service = services.get(document.body.serviceId);
      return service && document.body.desired === 'run' ? [specOf(document, service)] : [];
    }));
  }

  #clusterChanged(name: string): void {
    const known = this.clusters.get(name);
    if (known) this.events.clusterChanged(known);
    if (known?.lost) this.options.log(`cluster ${name} is lost: what it has is placed in other clusters, if they can take it`);
    this.#periods.trigger('waiting');
  }

  async #period(key: Period): Promise<Result> {
    if (key === 'sweep') {
      this.clusters.sweep();
      return { kind: 'again', afterMs: 1_000 };
    }
    for (const status of waitingStatuses) for (const { id } of await this.instances.with(status)) this.#loop.trigger(id);
    for (const { record: { name }, lost } of this.clusters.all()) if (lost) for (const { id } of await this.instances.at(name)) this.#loop.trigger(id);
    return { kind: 'done' };
  }
}
