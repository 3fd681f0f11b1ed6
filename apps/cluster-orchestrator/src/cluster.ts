import type { NodeView, Position } from '@oak/contracts';
import { nodeAssignment, nodeResync } from '@oak/contracts';
import { AssignmentBook, isPlaced, Listing, ReportCursor } from '@oak/instance';
import type { Bus } from '@oak/messaging';
import { ReconcileLoop, Stragglers, type Clock, type Random, type Result } from '@oak/reconcile';
import type { Store } from '@oak/store';
import { InstanceReconciler } from './instances/instance-reconciler.ts';
import { instancesCollection, type InstanceRecord } from './instances/instance-record.ts';
import { Instances } from './instances/instances.ts';
import { Network, type NetworkOptions } from './network/network.ts';
import type { LivenessPolicy } from './nodes/liveness.ts';
import { NodeRegistry } from './nodes/node-registry.ts';
import { nodesCollection, type NodeRecord } from './nodes/node-record.ts';
import { offerOf } from './uplink/summary.ts';
import { Uplink, type UplinkOptions } from './uplink/uplink.ts';

export interface ClusterOptions extends Pick<UplinkOptions, 'cluster' | 'location' | 'version' | 'epoch' | 'position'> {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly heartbeatMs: number;
  readonly liveness: LivenessPolicy;
  readonly hasRoot: boolean;
  /** What is kept of the overlay outside of the store. */
  readonly overlay: Pick<NetworkOptions, 'position' | 'ranges'>;
  readonly log: (text: string) => void;
}

type Period = 'sweep' | 'register' | 'network' | 'heartbeat' | 'offer';
const offerEveryMs = 250;

/** The rooms of a cluster and the loops between them. Knows no transport, no clock and no file of its own. */
export class Cluster {
  readonly nodes: NodeRegistry;
  readonly network: Network;
  readonly instances: Instances;
  readonly book: AssignmentBook;
  readonly uplink: Uplink;
  readonly reports = new ReportCursor();
  readonly listing = new Listing();
  readonly fingerprints = new ReportCursor();
  readonly bus: Bus;
  readonly heartbeatMs: number;
  readonly log: (text: string) => void;
  readonly #options: ClusterOptions;
  readonly #loop: ReconcileLoop<string>;
  readonly #periods: ReconcileLoop<Period>;
  readonly #stragglers: Stragglers;
  readonly #resyncedAt = new Map<string, number>();
  #offeredAt = -Infinity;

  constructor(options: ClusterOptions) {
    const { bus, store, clock, random, log, cluster } = options;
    this.#options = options;
    this.#stragglers = new Stragglers(clock);
    this.bus = bus;
    this.heartbeatMs = options.heartbeatMs;
    this.log = log;
    const instances = store.collection(instancesCollection);
    this.book = new AssignmentBook({
      epoch: options.epoch, defer: (flush) => void setImmediate(flush),
      send: (node, message) => { this.#stragglers.told(node); bus.publish(nodeAssignment, message, cluster, node); },
    });
    this.nodes = new NodeRegistry({ nodes: store.collection(nodesCollection), clock, policy: options.liveness, onChange: (...change) => { this.#nodeChanged(...change); }, onRoom: () => { this.#offerChanged(); } });
    this.network = new Network({
      ...options, ...options.overlay, addressOf: (node) => this.nodes.get(node)?.description.address, isGone: (node) => this.#isGone(node),
      tellAgain: (node) => { void this.instances.tellAgain(node).catch((error: unknown) => { log(`instances on ${node}: ${String(error)}`); }); },
    });
    instances.watch(({ id, body }) => { this.network.routes.instanceChanged(id, body); });
    this.uplink = new Uplink({
      ...options, offer: async () => offerOf(await this.views(this.nodes.names())), instances: () => this.instances,
      routes: () => this.network.routes.position, complete: (report) => this.network.report(report),
    });
    this.instances = new Instances({ instances, nodes: this.nodes, book: this.book, log, tell: (report) => { this.uplink.outbox.changed(report); }, trigger: (id) => { this.#loop.trigger(id); } });
    const reconciler = new InstanceReconciler({
      instances: this.instances, nodes: this.nodes, book: this.book, retryMs: 15_000,
      handBack: (record) => (options.hasRoot ? this.uplink.handBack(record) : Promise.resolve(false)),
    });
    this.#loop = new ReconcileLoop<string>({
      name: 'instances', clock, random, concurrency: 64, timeoutMs: 30_000, resyncMs: 60_000,
      reconcile: (id, signal) => reconciler.reconcile(id, signal), keys: async () => (await this.instances.all()).map(({ spec }) => spec.id),
      onError: (id, error) => { log(`instance ${id}: ${String(error)}`); },
    });
    this.#periods = new ReconcileLoop<Period>({
      name: 'periods', clock, random, concurrency: 4, timeoutMs: 10_000,
      reconcile: (key) => this.#period(key), onError: (key, error, attempt) => { if (attempt === 1) log(`${key}: ${String(error)}`); },
    });
  }

  async start(): Promise<void> {
    await this.uplink.restore();
    const all = await this.instances.all();
    await this.nodes.load(all);
    await this.network.load(all);
    for (const node of this.nodes.names()) this.book.load(node, all.filter((record) => record.node === node && isAssigned(record)).map(assignedSpec));
    this.#loop.start();
    this.#periods.start();
    const periods: Period[] = this.#options.hasRoot ? ['sweep', 'register', 'network', 'offer'] : ['sweep'];
    for (const key of periods) this.#periods.trigger(key);
    this.#options.bus.onReconnect(() => { this.registerAgain('the bus was cut'); });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#periods.stop()]);
  }

  async views(names: readonly string[]): Promise<NodeView[]> {
    const views = await Promise.all(names.map(async (name) => {
      const tunnel = this.network.tunnels.get(name);
      return this.nodes.view(name, await this.network.subnets.known(name), tunnel && { ...(tunnel.problem !== undefined && { problem: tunnel.problem }), encryption: tunnel.encryption ?? 'none' });
    }));
    return views.filter((view) => view !== undefined);
  }

  registerAgain(reason: string): void {
    if (!this.#options.hasRoot) return;
    this.log(`registering at root: ${reason}`);
    this.#periods.trigger('register');
    this.#periods.trigger('network');
  }

  /** Asks a node to register, at most once a second. */
  resync(node: string, reason: string): void {
    const now = this.#options.clock.monotonic();
    if (now - (this.#resyncedAt.get(node) ?? -Infinity) < 1_000) return;
    this.#resyncedAt.set(node, now);
    this.#options.bus.publish(nodeResync, { reason }, this.#options.cluster, node);
  }

  /** A node that stands elsewhere than the book, while nothing is under way to it, has missed something: it gets everything. */
  checkPosition(node: string, position: Position): void {
    const { bus, cluster } = this.#options;
    if (!this.#stragglers.hasMissed(node, this.book.differs(node, position))) return;
    for (const page of this.book.complete(node)) bus.publish(nodeAssignment, page, cluster, node);
  }

  /** Room or ability may have appeared: whoever waits looks again, and root hears of it. */
  #nodeChanged(name: string, before: NodeRecord | undefined, now: NodeRecord): void {
    if (before?.state !== now.state) this.log(`node ${name} is ${now.state}`);
    if (before?.description.address !== now.description.address) this.network.tunnelChanged(name);
    this.#loop.triggerAll();
    this.#offerChanged();
  }

  /** Its instances were placed elsewhere long ago, so that its ranges may serve another node. */
  #isGone(node: string): boolean {
    const state = this.nodes.get(node)?.state;
    return state === 'lost' && !this.nodes.isHeld(node);
  }

  #offerChanged(): void {
    if (this.#options.hasRoot) this.#periods.trigger('offer');
  }

  /** An offer is a walk over all nodes, so a burst of placements makes one, not fifty. */
  async #offer(): Promise<Result> {
    const sinceMs = this.#options.clock.monotonic() - this.#offeredAt;
    if (sinceMs < offerEveryMs) return { kind: 'again', afterMs: offerEveryMs - sinceMs };
    this.#offeredAt = this.#options.clock.monotonic();
    await this.uplink.offerChanged();
    return { kind: 'again', afterMs: 60_000 };
  }

  async #period(key: Period): Promise<Result> {
    switch (key) {
      case 'sweep': await this.nodes.sweep(); return { kind: 'again', afterMs: Math.max(100, Math.round(this.heartbeatMs / 3)) };
      case 'register': { await this.uplink.register(); this.#periods.trigger('heartbeat'); return { kind: 'done' }; }
      case 'network': await this.network.ask(); return { kind: 'again', afterMs: 60_000 };
      case 'heartbeat': this.uplink.heartbeat(); return { kind: 'again', afterMs: 5_000 };
      case 'offer': return this.#offer();
    }
  }
}

function isAssigned({ desired, report }: InstanceRecord): boolean {
  return desired === 'run' && isPlaced(report.status);
}

function assignedSpec({ spec, report }: InstanceRecord): InstanceRecord['spec'] {
  return { ...spec, attempt: report.attempt - report.restarts };
}
