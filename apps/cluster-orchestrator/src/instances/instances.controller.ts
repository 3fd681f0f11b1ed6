import { Controller, Inject } from '@nestjs/common';
import { clusterLogs, nodeLogs, type LogAnswer, type LogQuestion } from '@oak/contracts';
import { OnRequest, Rejected, type MessageContext } from '@oak/messaging';
import { Cluster } from '../cluster.ts';
import { askNode } from '../nodes/ask-node.ts';

/** What somebody wants to know of an instance that only its node can tell. */
@Controller()
export class InstancesController {
  constructor(@Inject(Cluster) private readonly cluster: Cluster) {}

  @OnRequest(clusterLogs)
  async logs(question: LogQuestion, { tokens }: MessageContext): Promise<LogAnswer> {
    const record = await this.cluster.instances.get(question.id);
    if (record?.node === undefined) throw new Rejected(404, `no node of this cluster has instance ${question.id}`);
    // Longer than the node may wait for a line.
    return askNode(this.cluster.bus, nodeLogs, question, { cluster: tokens[0] ?? '', node: record.node, timeoutMs: 4_000 });
  }
}
