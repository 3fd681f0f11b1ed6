import { nodeFingerprint, nodeHeartbeat, nodeRegister, nodeReport, type Fingerprint, type InstanceReport, type Position } from '@oak/contracts';
import { AssignmentInbox, ReportOutbox } from '@oak/instance';
import type { Bus } from '@oak/messaging';
import type { Instances } from '../instances/instances.ts';

export interface UplinkOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: string;
  readonly epoch: number;
  readonly describe: () => Pick<Fingerprint, 'description' | 'runtimes'>;
  readonly instances: () => Instances;
  /** What the cluster wanted when it was last heard, kept over restarts. */
  readonly position: { load: () => Position | undefined; save: (position: Position) => void };
  readonly log: (text: string) => void;
}

/** Everything between this node and its cluster. With the cluster away the node goes on with what it was given. */
export class Uplink {
  readonly outbox: ReportOutbox<InstanceReport>;
  readonly inbox: AssignmentInbox;
  readonly #options: UplinkOptions;
  #fingerprintSequence = 0;

  constructor(options: UplinkOptions) {
    const { bus, cluster, node, epoch } = options;
    this.#options = options;
    this.inbox = new AssignmentInbox({
      known: async () => (await options.instances().all()).map(({ spec }) => spec.id),
      take: (specs) => options.instances().take(specs), drop: (ids) => options.instances().drop(ids), save: options.position.save,
    });
    this.outbox = new ReportOutbox<InstanceReport>({
      defer: (flush) => void setImmediate(flush),
      send: ({ sequence, kind, page, instances }) => { bus.publish(nodeReport, { epoch, sequence, kind, ...(page && { page }), position: this.#position(), instances: [...instances] }, cluster, node); },
    });
  }

  async restore(): Promise<void> {
    const wanted = (await this.#options.instances().all()).filter(({ desired }) => desired === 'run');
    this.inbox.restore(this.#options.position.load(), wanted.map(({ spec }) => spec));
  }

  /** Says who we are and takes what the cluster wants. Returns the period of heartbeats. */
  async register(): Promise<number> {
    const { bus, cluster, node, log } = this.#options;
    const { position } = this.inbox;
    const { heartbeatMs, assignment } = await bus.request(nodeRegister, { ...this.#fingerprint(), ...(position && { position }) }, 5_000, cluster, node);
    await this.inbox.accept(assignment);
    await this.reportAll();
    log(`registered at cluster ${cluster} as node ${node}`);
    return heartbeatMs;
  }

  heartbeat(): void {
    const { bus, cluster, node, epoch } = this.#options;
    const at = this.#position();
    bus.publish(nodeHeartbeat, { e: epoch, s: this.outbox.sequence, a: [at.epoch, at.revision] }, cluster, node);
  }

  fingerprintChanged(): void {
    const { bus, cluster, node } = this.#options;
    bus.publish(nodeFingerprint, this.#fingerprint(), cluster, node);
  }

  async reportAll(): Promise<void> {
    this.outbox.complete((await this.#options.instances().all()).map(({ report }) => report));
  }

  #fingerprint(): Fingerprint {
    return { epoch: this.#options.epoch, sequence: ++this.#fingerprintSequence, ...this.#options.describe() };
  }

  #position(): Position {
    return this.inbox.position ?? { epoch: 0, revision: 0 };
  }
}
