import { Controller, Inject } from '@nestjs/common';
import { clusterRoutes, clusterTrace, nodeNetwork, nodeRoutes, nodeTrace, type NodeNetworkAnswer, type NodeNetworkQuestion, type Routes, type Trace, type TraceQuestion } from '@oak/contracts';
import { OnEvent, OnRequest, Rejected, type MessageContext } from '@oak/messaging';
import { Cluster } from '../cluster.ts';
import { askNode } from '../nodes/ask-node.ts';

/** What net-managers and root say of the overlay. Who speaks is in the subject, never in the payload. */
@Controller()
export class NetworkController {
  constructor(@Inject(Cluster) private readonly cluster: Cluster) {}

  @OnRequest(nodeNetwork)
  async network(question: NodeNetworkQuestion, { tokens }: MessageContext): Promise<NodeNetworkAnswer> {
    const node = tokens[1] ?? '';
    const { answer, rest } = await this.cluster.network.answer(node, question);
    for (const page of rest) this.cluster.bus.publish(nodeRoutes, page, tokens[0] ?? '', node);
    return answer;
  }

  @OnEvent(clusterRoutes)
  async routes(routes: Routes): Promise<void> {
    await this.cluster.network.accept(routes);
  }

  /** Passed on to the node that has the instance: only it sees its kernel. */
  @OnRequest(clusterTrace)
  async trace(question: TraceQuestion, { tokens }: MessageContext): Promise<Trace> {
    const record = await this.cluster.instances.get(question.from);
    if (record?.node === undefined) throw new Rejected(404, `no node of this cluster has instance ${question.from}`);
    // Sooner than root gives this cluster up.
    return askNode(this.cluster.bus, nodeTrace, question, { cluster: tokens[0] ?? '', node: record.node, timeoutMs: 2_000 });
  }
}
