import {
  clusterHandBack, clusterHeartbeat, clusterRegister, clusterReport, clusterSummary,
  type PlacedReport, type Position,
} from '@oak/contracts';
import { AssignmentInbox, ReportOutbox } from '@oak/instance';
import type { Bus } from '@oak/messaging';
import type { Result } from '@oak/reconcile';
import type { Instances } from '../instances/instances.ts';
import { placedReport, type InstanceRecord } from '../instances/instance-record.ts';
import type { Offer } from './summary.ts';

export interface UplinkOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly location: string;
  readonly version: string;
  readonly epoch: number;
  readonly offer: () => Promise<Offer>;
  readonly instances: () => Instances;
  /** Where this cluster stands in root's routes. */
  readonly routes: () => Position | undefined;
  /** Adds what root must know besides: where the tunnel of its node ends. */
  readonly complete: (report: PlacedReport) => PlacedReport;
  /** What root wanted when it was last heard; the instances themselves are in the store. */
  readonly position: { load: () => Position | undefined; save: (position: Position) => void };
  readonly log: (text: string) => void;
}

/** Everything between this cluster and root. With root away all calls end in a log line, and the cluster goes on by itself. */
export class Uplink {
  readonly outbox: ReportOutbox<PlacedReport>;
  readonly inbox: AssignmentInbox;
  readonly #options: UplinkOptions;
  #summarySequence = 0;
  #lastOffer = '';
  #registered = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.inbox = new AssignmentInbox({
      known: async () => (await options.instances().all()).map(({ spec }) => spec.id),
      take: (specs) => options.instances().take(specs), drop: (ids) => options.instances().drop(ids), save: options.position.save,
    });
    this.outbox = new ReportOutbox<PlacedReport>({
      defer: (flush) => void setImmediate(flush),
      send: ({ sequence, kind, page, instances }) => {
        options.bus.publish(clusterReport, { epoch: options.epoch, sequence, kind, ...(page && { page }), position: this.#position(), instances: instances.map(options.complete) }, options.cluster);
      },
    });
  }

  get registered(): boolean {
    return this.#registered;
  }

  async restore(): Promise<void> {
    const wanted = (await this.#options.instances().all()).filter(({ desired }) => desired === 'run');
    this.inbox.restore(this.#options.position.load(), wanted.map(({ spec }) => spec));
  }

  /** Says who we are and takes what root wants; until it worked, again and again. */
  async register(): Promise<Result> {
    const { bus, cluster, version } = this.#options;
    const { position } = this.inbox;
    const summary = await this.#summary();
    const reply = await bus.request(clusterRegister, { summary, version, ...(position && { position }) }, 5_000, cluster);
    this.#registered = true;
    await this.inbox.accept(reply.assignment);
    await this.reportAll();
    this.#options.log(`registered at root as ${reply.clusterId}`);
    return { kind: 'again', afterMs: reply.heartbeatMs };
  }

  heartbeat(): void {
    const { epoch, revision } = this.#position();
    const routes = this.#options.routes();
    this.#options.bus.publish(clusterHeartbeat, { e: this.#options.epoch, s: this.outbox.sequence, a: [epoch, revision], ...(routes && { r: [routes.epoch, routes.revision] }) }, this.#options.cluster);
  }

  async reportAll(): Promise<void> {
    this.outbox.complete((await this.#options.instances().all()).map(placedReport));
  }

  /** Tells what we can offer, if it is something else than what was told last. */
  async offerChanged(force = false): Promise<void> {
    const offer = JSON.stringify(await this.#options.offer());
    if (offer === this.#lastOffer && !force) return;
    this.#options.bus.publish(clusterSummary, await this.#summary(), this.#options.cluster);
  }

  /** True: root has it back. False: root could not be asked. */
  async handBack({ spec, report, explanation }: InstanceRecord): Promise<boolean> {
    if (!explanation) return false;
    try {
      const payload = { id: spec.id, attempt: report.attempt, status: report.status, explanation };
      const { accepted } = await this.#options.bus.request(clusterHandBack, payload, 3_000, this.#options.cluster);
      return accepted;
    } catch (error) {
      this.#options.log(`root can not be asked to take back ${spec.name}.instance.${spec.instanceNumber}, so it stays here: ${String(error)}`);
      return false;
    }
  }

  async #summary(): Promise<Offer & { epoch: number; sequence: number; location: string }> {
    const offer = await this.#options.offer();
    this.#lastOffer = JSON.stringify(offer);
    return { epoch: this.#options.epoch, sequence: ++this.#summarySequence, location: this.#options.location, ...offer };
  }

  #position(): Position {
    return this.inbox.position ?? { epoch: 0, revision: 0 };
  }
}
