import { Controller, Inject } from '@nestjs/common';
import {
  clusterAssignment, clusterHandBack, clusterHeartbeat, clusterRegister, clusterReport, clusterSummary,
  type Assignment, type ClusterReport, type ClusterSummary, type Heartbeat, type InstanceStatus, type PlacementExplanation, type Position,
} from '@oak/contracts';
import { OnEvent, OnRequest, Rejected, type MessageContext } from '@oak/messaging';
import { Root } from '../root.ts';

/** What clusters say. Who speaks is in the subject, never in the payload. */
@Controller()
export class ClustersGateway {
  constructor(@Inject(Root) private readonly root: Root) {}

  @OnRequest(clusterRegister)
  async register(payload: { summary: ClusterSummary; position?: Position | undefined; version: string }, context: MessageContext): Promise<{ clusterId: string; heartbeatMs: number; assignment: Assignment }> {
    const cluster = speaker(context);
    const { epoch } = this.root.book.position(cluster);
    if (payload.position && payload.position.epoch > epoch) {
      const text = `cluster ${cluster} knows assignments of epoch ${payload.position.epoch}, this root is at ${epoch}: its store is older than the cluster's. Nothing is changed at the cluster. Put a number above ${payload.position.epoch} into root's state folder, file "epoch", and restart root, to take the cluster over with what the store holds`;
      this.root.options.log(text);
      throw new Rejected(409, text);
    }
    this.root.reports.registered(cluster, payload.summary.epoch);
    const registered = await this.root.register(cluster, payload.summary, payload.version);
    const [assignment, ...rest] = this.root.book.complete(cluster);
    for (const page of rest) this.root.options.bus.publish(clusterAssignment, page, cluster);
    return { ...registered, assignment };
  }

  @OnEvent(clusterSummary)
  async summary(payload: ClusterSummary, context: MessageContext): Promise<void> {
    if (this.#heard(speaker(context))) await this.root.clusters.summarised(speaker(context), payload);
  }

  @OnEvent(clusterHeartbeat)
  heartbeat({ e, s, a, r }: Heartbeat, context: MessageContext): void {
    const cluster = speaker(context);
    if (!this.#heard(cluster)) return;
    if (this.root.reports.isBehind(cluster, e, s)) this.root.resync(cluster, 'a report was lost');
    this.root.checkPosition(cluster, { epoch: a[0], revision: a[1] });
    if (r) this.root.checkRoutes(cluster, { epoch: r[0], revision: r[1] });
  }

  @OnEvent(clusterReport)
  async report(payload: ClusterReport, context: MessageContext): Promise<void> {
    const cluster = speaker(context);
    if (!this.#heard(cluster)) return;
    const heard = this.root.reports.accept(cluster, payload);
    if (heard === 'stale') return;
    for (const one of payload.instances) await this.root.instances.heard(cluster, one);
    const listed = payload.kind === 'complete' ? this.root.listing.add(cluster, payload, payload.instances.map(({ id }) => id)) : undefined;
    if (listed && !this.root.book.differs(cluster, payload.position)) await this.root.instances.absent(cluster, listed);
    if (heard === 'gap') this.root.resync(cluster, 'a report was lost');
  }

  @OnRequest(clusterHandBack)
  async handBack(payload: { id: string; attempt: number; status: InstanceStatus; explanation: PlacementExplanation }, context: MessageContext): Promise<{ accepted: boolean }> {
    const cluster = speaker(context);
    const asked = (await this.root.instances.get(payload.id))?.body.departures;
    const refusal = { cluster, text: payload.explanation.summary, offer: this.root.clusters.offer(cluster, asked) };
    // First out of the book: as soon as it is back it may be placed again, at this cluster too.
    this.root.book.withdraw(cluster, payload.id);
    return { accepted: await this.root.instances.handedBack(cluster, payload.id, payload.attempt, refusal, payload.explanation) };
  }

  #heard(cluster: string): boolean {
    const known = this.root.clusters.heard(cluster);
    if (!known) this.root.resync(cluster, 'root does not count this cluster as present');
    return known;
  }
}

function speaker({ tokens }: MessageContext): string {
  return tokens[0] ?? '';
}
