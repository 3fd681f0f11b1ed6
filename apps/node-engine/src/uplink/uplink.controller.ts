import { Controller, Inject } from '@nestjs/common';
import { nodeAssignment, nodeResync, type Assignment } from '@oak/contracts';
import { OnEvent } from '@oak/messaging';
import { Node } from '../node.ts';

/** What the cluster says to this node. */
@Controller()
export class UplinkController {
  constructor(@Inject(Node) private readonly node: Node) {}

  @OnEvent(nodeAssignment)
  async assign(assignment: Assignment): Promise<void> {
    if (!await this.node.uplink.inbox.accept(assignment)) this.node.registerAgain('a link of the chain of assignments is missing');
  }

  @OnEvent(nodeResync)
  resync({ reason }: { reason: string }): void {
    this.node.registerAgain(reason);
  }
}
