import { Controller, Inject } from '@nestjs/common';
import { nodeLogs, type LogAnswer, type LogQuestion } from '@oak/contracts';
import { OnRequest } from '@oak/messaging';
import { Node } from '../node.ts';

/** What somebody wants to read of this node's instances. */
@Controller()
export class LogsController {
  constructor(@Inject(Node) private readonly node: Node) {}

  @OnRequest(nodeLogs)
  read(question: LogQuestion): Promise<LogAnswer> {
    return this.node.logs.read(question);
  }
}
