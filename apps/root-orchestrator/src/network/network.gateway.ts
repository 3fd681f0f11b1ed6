import { defaultNodePlan, defaultServicePlan, nodeRangesOf, serviceRangesOf } from '@oak/addressing';
import { Controller, Inject } from '@nestjs/common';
import { clusterNetwork, clusterRoutes, type OverlayRanges, type Position, type Routes, type SubnetPair } from '@oak/contracts';
import { OnRequest, type MessageContext } from '@oak/messaging';
import { Root } from '../root.ts';

/** What clusters ask of the overlay. Who speaks is in the subject, never in the payload. */
@Controller()
export class NetworkGateway {
  constructor(@Inject(Root) private readonly root: Root) {}

  @OnRequest(clusterNetwork)
  async network({ position, blocks }: { position?: Position | undefined; blocks: number }, { tokens }: MessageContext): Promise<{ blocks: SubnetPair[]; nodeRanges: OverlayRanges; serviceRanges: OverlayRanges; routes?: Routes }> {
    const cluster = tokens[0] ?? '';
    const { plans } = this.root.options;
    const answer = {
      blocks: await this.root.nodeBlocks.of(cluster, blocks),
      nodeRanges: nodeRangesOf(plans?.nodes ?? defaultNodePlan), serviceRanges: serviceRangesOf(plans?.services ?? defaultServicePlan),
    };
    if (!this.root.routes.differs(cluster, position)) return answer;
    const [routes, ...rest] = this.root.routes.complete(cluster);
    for (const page of rest) this.root.options.bus.publish(clusterRoutes, page, cluster);
    return routes ? { ...answer, routes } : answer;
  }
}
