import { Controller, Inject } from '@nestjs/common';
import {
  clusterAssignment, clusterCordon, clusterExplain, clusterNodes, clusterResync,
  type Assignment, type NodeView, type PlacementExplanation, type Verdict,
} from '@oak/contracts';
import { OnEvent, OnRequest, Rejected } from '@oak/messaging';
import { demandOf, explainEach, place } from '@oak/scheduling';
import type { Microservice } from '@oak/sla';
import { Cluster } from '../cluster.ts';

const maxVerdicts = 1_000;

/** What root says to this cluster. */
@Controller()
export class UplinkController {
  constructor(@Inject(Cluster) private readonly cluster: Cluster) {}

  @OnEvent(clusterAssignment)
  async assign(assignment: Assignment): Promise<void> {
    if (!await this.cluster.uplink.inbox.accept(assignment)) this.cluster.registerAgain('a link of the chain of assignments is missing');
  }

  @OnEvent(clusterResync)
  resync({ reason }: { reason: string }): void {
    this.cluster.registerAgain(reason);
  }

  @OnRequest(clusterExplain)
  explain({ microservice }: { microservice: Microservice }): { explanation: PlacementExplanation; nodes: Verdict[]; truncated: boolean } {
    const demand = demandOf(microservice, 'node', '');
    const candidates = this.cluster.nodes.candidates();
    const verdicts = explainEach(demand, candidates);
    return { explanation: place(demand, candidates).explanation, nodes: verdicts.slice(0, maxVerdicts), truncated: verdicts.length > maxVerdicts };
  }

  @OnRequest(clusterNodes)
  async nodes({ after, limit }: { after?: string | undefined; limit: number }): Promise<{ nodes: NodeView[]; next?: string }> {
    const names = this.cluster.nodes.names().filter((name) => after === undefined || name > after);
    const nodes = await this.cluster.views(names.slice(0, limit));
    const last = nodes.at(-1)?.name;
    return names.length > limit && last !== undefined ? { nodes, next: last } : { nodes };
  }

  @OnRequest(clusterCordon)
  async cordon({ node, cordoned }: { node: string; cordoned: boolean }): Promise<{ node: NodeView }> {
    await this.cluster.nodes.cordon(node, cordoned);
    const [view] = await this.cluster.views([node]);
    if (!view) throw new Rejected(404, `this cluster has no node ${node}`);
    return { node: view };
  }
}
