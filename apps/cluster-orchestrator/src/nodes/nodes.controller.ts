import { Controller, Inject } from '@nestjs/common';
import {
  nodeAssignment, nodeFingerprint, nodeHeartbeat, nodeRegister, nodeReport,
  type Assignment, type Fingerprint, type Heartbeat, type NodeReport, type Position,
} from '@oak/contracts';
import { OnEvent, OnRequest, Rejected, type MessageContext } from '@oak/messaging';
import { Cluster } from '../cluster.ts';

/** What nodes say. Who speaks is in the subject, never in the payload. */
@Controller()
export class NodesController {
  constructor(@Inject(Cluster) private readonly cluster: Cluster) {}

  @OnRequest(nodeRegister)
  async register(payload: Fingerprint & { position?: Position | undefined }, context: MessageContext): Promise<{ heartbeatMs: number; assignment: Assignment }> {
    const node = speaker(context);
    const known = this.cluster.book.position(node);
    if (payload.position && payload.position.epoch > known.epoch) {
      const text = `node ${node} knows assignments of epoch ${payload.position.epoch}, this cluster is at ${known.epoch}: its store is older than the node's. Nothing is changed on the node. Put a number above ${payload.position.epoch} into the cluster's state folder, file "epoch", and restart it, to take the node over with what the store holds`;
      this.cluster.log(text);
      throw new Rejected(409, text);
    }
    await this.cluster.nodes.register(node, payload);
    for (const cursor of [this.cluster.reports, this.cluster.fingerprints]) cursor.registered(node, payload.epoch);
    const [assignment, ...rest] = this.cluster.book.complete(node);
    for (const page of rest) this.cluster.bus.publish(nodeAssignment, page, context.tokens[0] ?? '', node);
    return { heartbeatMs: this.cluster.heartbeatMs, assignment };
  }

  @OnEvent(nodeFingerprint)
  async fingerprint(payload: Fingerprint, context: MessageContext): Promise<void> {
    const node = speaker(context);
    if (!this.#heard(node)) return;
    if (this.cluster.fingerprints.accept(node, { epoch: payload.epoch, sequence: payload.sequence, kind: 'complete' }) !== 'stale') await this.cluster.nodes.fingerprint(node, payload);
  }

  @OnEvent(nodeHeartbeat)
  heartbeat({ e, s, a }: Heartbeat, context: MessageContext): void {
    const node = speaker(context);
    if (!this.#heard(node)) return;
    if (this.cluster.reports.isBehind(node, e, s)) this.cluster.resync(node, 'a report was lost');
    this.cluster.checkPosition(node, { epoch: a[0], revision: a[1] });
  }

  @OnEvent(nodeReport)
  async report(payload: NodeReport, context: MessageContext): Promise<void> {
    const node = speaker(context);
    if (!this.#heard(node)) return;
    const heard = this.cluster.reports.accept(node, payload);
    if (heard === 'stale') return;
    for (const one of payload.instances) await this.cluster.instances.heard(node, one);
    const listed = payload.kind === 'complete' ? this.cluster.listing.add(node, payload, payload.instances.map(({ id }) => id)) : undefined;
    if (listed && !this.cluster.book.differs(node, payload.position)) await this.cluster.instances.absent(node, listed);
    if (heard === 'gap') this.cluster.resync(node, 'a report was lost');
  }

  /** A node that we do not know, or have given up, is asked to register; until then nothing it says counts. */
  #heard(node: string): boolean {
    const known = this.cluster.nodes.heard(node);
    if (!known) this.cluster.resync(node, 'the cluster does not count this node as present');
    return known;
  }
}

function speaker({ tokens }: MessageContext): string {
  return tokens[1] ?? '';
}
